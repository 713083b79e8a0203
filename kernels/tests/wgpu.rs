//! What is the wgpu adapter's own: why there is no device, refusals, the cache, time-outs, slots that are given up.
//!
//! A machine without Vulkan fails these tests, unless CHAINBOX_NO_DEVICES=1 says that it is meant to have no device.
#![cfg(feature = "wgpu")]

use std::{env, fs, process::Command, time::Duration};

use chainbox_engine::hash::sha256;
use chainbox_kernels::{
    cache::Cache,
    device::{Device, DeviceError, Launch, SlotBytes},
    layout::{GROUP_LANES, Params},
    program::{Curve, Program, Purpose},
    wgpu::{Adapter, Wgpu, Words, adapters},
};

/// A launch that takes longer hangs.
const TIME_MAX: Duration = Duration::from_secs(300);
/// What this test binary is told when a test runs it once more.
const WITHOUT_DRIVERS: &str = "CHAINBOX_TEST_WITHOUT_DRIVERS";

/// The first adapter, or `None` where the machine is meant to have none.
fn adapter() -> Option<Adapter> {
    match adapters() {
        Ok(adapters) => adapters.into_iter().next(),
        Err(why) if env::var_os("CHAINBOX_NO_DEVICES").is_some_and(|value| value == "1") => {
            eprintln!("NOTHING WAS TESTED: {why}");
            None
        }
        Err(why) => panic!("{why}; or set CHAINBOX_NO_DEVICES=1"),
    }
}

/// The first device.
fn device(cache: Option<Cache>) -> Option<Wgpu> {
    adapter().map(|adapter| Wgpu::open(&adapter, Words::Native, cache).unwrap())
}

/// A program of one kernel that writes a word a lane, and takes its time.
fn slow() -> Program {
    Program::new(Purpose::Harness(Curve::Secp256k1, &["multiply_add_rate"]))
}

fn launch(groups: usize) -> Launch {
    let lanes = (groups * GROUP_LANES) as u32;
    Launch { kernel: 0, groups: groups as u32, params: Params { items: lanes, lanes, ..Params::default() } }
}

fn slot(device: &Wgpu, groups: usize) -> <Wgpu as Device>::Slot {
    let tables = device.tables(4, &[]).unwrap();
    device.slot(SlotBytes { input: 4, work: 0, output: 4 * groups * GROUP_LANES }, &tables).unwrap()
}

fn answers(device: &Wgpu, program: &<Wgpu as Device>::Program) -> Vec<u8> {
    let mut slot = slot(device, 1);
    device.submit(program, &mut slot, &[1, 2, 3, 4], &[launch(1)], 4 * GROUP_LANES, 0).unwrap();
    device.wait(&mut slot, TIME_MAX).unwrap().to_vec()
}

#[test]
fn a_loader_without_drivers_gives_a_reason_and_a_remedy() {
    if env::var_os(WITHOUT_DRIVERS).is_some() {
        let why = adapters().unwrap_err();
        assert!(why.what.contains("Vulkan") && !why.remedy.is_empty(), "{why}");
        return;
    }
    if adapter().is_none() {
        return;
    }
    // The loader reads where its drivers stand once a process.
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_loader_without_drivers_gives_a_reason_and_a_remedy"])
        .env(WITHOUT_DRIVERS, "1")
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn what_the_compiler_refuses_comes_with_its_log() {
    let Some(device) = device(None) else { return };
    let mut lacking = slow();
    lacking.kernels.push("no_such_kernel");
    let Err(DeviceError::Compile { program, log }) = device.compile(&lacking) else { panic!("it has the kernel") };
    assert_eq!(program, lacking.name);
    assert!(log.contains("no_such_kernel"), "{log}");
    // The device is of use still.
    answers(&device, &device.compile(&slow()).unwrap());
}

/// More than there is, or than fits, is refused, and costs nothing.
#[test]
fn what_does_not_fit_is_refused() {
    let Some(device) = device(None) else { return };
    let tables = device.tables(4, &[]).unwrap();
    let bytes = usize::try_from(device.info().buffer_bytes_max).unwrap() * 64;
    assert!(matches!(device.slot(SlotBytes { input: 4, work: bytes, output: 4 }, &tables), Err(DeviceError::Memory { .. })));
    let program = device.compile(&slow()).unwrap();
    let mut small = slot(&device, 1);
    assert!(device.submit(&program, &mut small, &[0; 8], &[launch(1)], 4, 0).is_err());
    assert!(device.submit(&program, &mut small, &[0; 4], &[launch(1)], 8 * GROUP_LANES, 0).is_err());
    answers(&device, &program);
}

/// An entry that is no program, or a program without the kernel, costs a compilation and is replaced.
#[test]
fn a_stale_entry_of_the_cache_is_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let Some(device) = device(Some(Cache::new(folder.path().to_owned()))) else { return };
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
    let Some(device) = device(None) else { return };
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
    let Some(device) = device(None) else { return };
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
    let Some(device) = device(None) else { return };
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
