//! What is the OpenCL adapter's own: why there is no device, refusals, the cache, time-outs, slots that are given up.
//!
//! A machine without OpenCL fails these tests, unless CHAINBOX_NO_DEVICES=1 says that it is meant to have no device.
#![cfg(feature = "opencl")]

use std::{env, fs, process::Command, time::Duration};

use chainbox_engine::{
    curve::{Group, P256, Secp256k1, Sm2},
    field::{
        Field,
        limbs::{self, Limbs},
    },
    hash::sha256,
};
use chainbox_kernels::{
    cache::Cache,
    device::{Device, DeviceError, Launch, SlotBytes},
    layout::{GROUP_LANES, Params},
    opencl::{Listed, OpenCl},
    program::{Curve, Program, Purpose},
};

/// A launch that takes longer hangs.
const TIME_MAX: Duration = Duration::from_secs(300);
/// What this test binary is told when a test runs it once more.
const WITHOUT_PLATFORMS: &str = "CHAINBOX_TEST_WITHOUT_PLATFORMS";

/// The first device, or `None` where the machine is meant to have none.
fn listed() -> Option<Listed> {
    match OpenCl::all() {
        Ok(listed) => listed.into_iter().next(),
        Err(why) if env::var_os("CHAINBOX_NO_DEVICES").is_some_and(|value| value == "1") => {
            eprintln!("NOTHING WAS TESTED: {why}");
            None
        }
        Err(why) => panic!("{why}; or set CHAINBOX_NO_DEVICES=1"),
    }
}

/// A program of one kernel that writes a word a lane, and takes its time.
fn slow() -> Program {
    Program::new(Purpose::Harness(Curve::Secp256k1, &["multiply_add_rate"]))
}

fn launch(groups: usize) -> Launch {
    let lanes = (groups * GROUP_LANES) as u32;
    Launch { kernel: 0, groups: groups as u32, params: Params { items: lanes, lanes, ..Params::default() } }
}

fn slot(device: &OpenCl, groups: usize) -> <OpenCl as Device>::Slot {
    let tables = device.tables(4, &[]).unwrap();
    device.slot(SlotBytes { input: 4, work: 0, output: 4 * groups * GROUP_LANES }, &tables).unwrap()
}

fn answers(device: &OpenCl, program: &<OpenCl as Device>::Program) -> Vec<u8> {
    let mut slot = slot(device, 1);
    device.submit(program, &mut slot, &[1, 2, 3, 4], &[launch(1)], 4 * GROUP_LANES, 0).unwrap();
    device.wait(&mut slot, TIME_MAX).unwrap().to_vec()
}

#[test]
fn a_loader_without_platforms_gives_a_reason_and_a_remedy() {
    if env::var_os(WITHOUT_PLATFORMS).is_some() {
        let why = OpenCl::all().unwrap_err();
        assert!(!why.what.is_empty() && why.remedy.contains("install"), "{why}");
        return;
    }
    if listed().is_none() {
        return;
    }
    // The loader reads where its drivers stand once a process.
    let nowhere = tempfile::tempdir().unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_loader_without_platforms_gives_a_reason_and_a_remedy"])
        .env(WITHOUT_PLATFORMS, "1")
        .env("OCL_ICD_VENDORS", nowhere.path())
        .env("OPENCL_VENDOR_PATH", nowhere.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn what_the_compiler_refuses_comes_with_its_log() {
    let Some(listed) = listed() else { return };
    let device = listed.open(None).unwrap();
    let mut broken = slow();
    broken.opencl.push_str("\nuint never_declared_type_follows(undeclared_type a);\n");
    let Err(DeviceError::Compile { program, log }) = device.compile(&broken) else { panic!("it compiled") };
    assert_eq!(program, broken.name);
    assert!(log.contains("undeclared_type"), "{log}");
    let mut lacking = slow();
    lacking.kernels.push("no_such_kernel");
    let Err(DeviceError::Compile { log, .. }) = device.compile(&lacking) else { panic!("it has the kernel") };
    assert!(log.contains("no_such_kernel"), "{log}");
}

/// An entry that is no program, or a program without the kernel, costs a compilation and is replaced.
#[test]
fn a_stale_entry_of_the_cache_is_compiled_anew() {
    let Some(listed) = listed() else { return };
    let folder = tempfile::tempdir().unwrap();
    let device = listed.open(Some(Cache::new(folder.path().to_owned()))).unwrap();
    let program = slow();
    let expected = answers(&device, &device.compile(&program).unwrap());
    let entries: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    let good = fs::read(entry).unwrap();
    assert_eq!(answers(&device, &device.compile(&program).unwrap()), expected);
    assert_eq!(fs::read(entry).unwrap(), good, "an entry that serves is left alone");
    let stale = b"no program at all";
    fs::write(entry, [&sha256(stale)[..], stale].concat()).unwrap();
    assert_eq!(answers(&device, &device.compile(&program).unwrap()), expected);
    assert_ne!(fs::read(entry).unwrap()[32..], *stale, "the entry is replaced");
}

#[test]
fn a_wait_ends_in_time_and_a_later_one_finds_the_answer() {
    let Some(listed) = listed() else { return };
    let device = listed.open(None).unwrap();
    let program = device.compile(&slow()).unwrap();
    let groups = 512;
    let mut slot = slot(&device, groups);
    device.submit(&program, &mut slot, &[1, 2, 3, 4], &[launch(groups)], 4 * groups * GROUP_LANES, 7).unwrap();
    assert_eq!(device.wait(&mut slot, Duration::ZERO), Err(DeviceError::Hangs(Duration::ZERO)));
    let late = device.wait(&mut slot, TIME_MAX).unwrap().to_vec();
    assert_eq!(late.len(), 4 * groups * GROUP_LANES);
    // The same lanes of a launch of their own.
    assert_eq!(late[..4 * GROUP_LANES], answers(&device, &program));
}

/// Submissions of several slots are done in the order of the calls, and one that nobody waits for harms neither the others nor the process.
#[test]
fn a_busy_slot_can_be_dropped() {
    let Some(listed) = listed() else { return };
    let device = listed.open(None).unwrap();
    let program = device.compile(&slow()).unwrap();
    let expected = answers(&device, &program);
    for _ in 0..3 {
        let mut slot = slot(&device, 64);
        device.submit(&program, &mut slot, &[1, 2, 3, 4], &[launch(64)], 4 * 64 * GROUP_LANES, 7).unwrap();
    }
    assert_eq!(answers(&device, &program), expected);
}

#[test]
fn output_that_no_kernel_writes_keeps_the_poison() {
    let Some(listed) = listed() else { return };
    let device = listed.open(None).unwrap();
    let program = device.compile(&slow()).unwrap();
    let mut slot = slot(&device, 2);
    let bytes = 4 * 2 * GROUP_LANES;
    device.submit(&program, &mut slot, &[1, 2, 3, 4], &[launch(1)], bytes, 0x0123_4567).unwrap();
    let output = device.wait(&mut slot, TIME_MAX).unwrap();
    assert!(output[bytes / 2..].chunks(4).all(|word| word == 0x0123_4567u32.to_ne_bytes()));
    assert!(output[..bytes / 2].chunks(4).any(|word| word != 0x0123_4567u32.to_ne_bytes()));
    // Nothing is asked for: nothing comes, and the wait is for the kernel.
    device.submit(&program, &mut slot, &[], &[launch(2)], 0, 0).unwrap();
    assert_eq!(device.wait(&mut slot, TIME_MAX), Ok(&[][..]));
}

/// 256-bit values as words: random ones, and ones of words that carry, all below `modulus`.
fn values(modulus: &Limbs, count: usize, seed: u64) -> Vec<[u32; 8]> {
    let mut state = seed;
    let mut random = move || {
        // splitmix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    };
    let mut value = |index: usize| -> Limbs {
        let word = |random: u64| match random % 5 {
            0 => 0,
            1 => u64::from(u32::MAX) << 32,
            2 => u64::MAX,
            3 => u64::MAX - 1,
            _ => random,
        };
        let limbs: Limbs = std::array::from_fn(|_| if index.is_multiple_of(2) { random() } else { word(random()) });
        let less_one = limbs::sub(modulus, &[1, 0, 0, 0]).0;
        if limbs::less(&limbs, modulus) { limbs } else { less_one }
    };
    let words = |limbs: Limbs| std::array::from_fn(|index| (limbs[index / 2] >> (32 * (index % 2))) as u32);
    (0..count).map(|index| words(value(index))).collect()
}

/// The form for devices with a carry flag is one that no device of CI chooses: it gives the same words as the other.
#[test]
fn both_forms_of_products_agree() {
    const KERNELS: [(&str, usize, usize); 6] = [
        ("test_u256_mul", 16, 16),
        ("test_u256_sqr", 8, 16),
        ("test_fe_mul", 16, 8),
        ("test_fe_sqr", 8, 8),
        ("test_fe_from_integer", 8, 8),
        ("test_fe_to_integer", 8, 8),
    ];
    const NAMES: [&str; 6] = [KERNELS[0].0, KERNELS[1].0, KERNELS[2].0, KERNELS[3].0, KERNELS[4].0, KERNELS[5].0];
    const ITEMS: usize = 64 * GROUP_LANES;
    let Some(listed) = listed() else { return };
    let device = listed.open(None).unwrap();
    for (curve, modulus) in [(Curve::Secp256k1, modulus::<Secp256k1>()), (Curve::P256, modulus::<P256>()), (Curve::Sm2, modulus::<Sm2>())] {
        let plain = Program::new(Purpose::Harness(curve, &NAMES));
        let mut rows = plain.clone();
        rows.opencl = format!("#define WORD_ROWS 1\n{}", plain.opencl);
        let programs = [plain, rows].map(|program| device.compile(&program).unwrap_or_else(|error| panic!("{error}")));
        for (kernel, (name, words_in, words_out)) in KERNELS.into_iter().enumerate() {
            let input: Vec<u8> =
                values(&modulus, ITEMS * words_in / 8, kernel as u64).concat().into_iter().flat_map(u32::to_ne_bytes).collect();
            let tables = device.tables(4, &[]).unwrap();
            let bytes = 4 * words_out * ITEMS;
            let answers = programs.each_ref().map(|program| {
                let mut slot = device.slot(SlotBytes { input: input.len(), work: 0, output: bytes }, &tables).unwrap();
                let launch = Launch { kernel, ..launch(ITEMS / GROUP_LANES) };
                device.submit(program, &mut slot, &input, &[launch], bytes, 0).unwrap();
                device.wait(&mut slot, TIME_MAX).unwrap().to_vec()
            });
            let [expected, answered] = answers.each_ref().map(|answer| answer.chunks(4 * words_out).collect::<Vec<_>>());
            for lane in 0..ITEMS {
                assert_eq!(answered[lane], expected[lane], "{name} on {curve:?}, lane {lane}");
            }
            assert!(expected.iter().any(|words| words != &expected[0]), "{name} on {curve:?} gives the same to all lanes");
        }
    }
}

fn modulus<G: Group>() -> Limbs {
    G::Base::MODULUS
}
