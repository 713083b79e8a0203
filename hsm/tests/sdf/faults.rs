//! Devices that fail: each fault is a clear error, or nothing at all where a second try is safe.

use std::{collections::BTreeMap, env, os::unix::process::ExitStatusExt, path::Path, process::Command};

use chainbox_hsm::{
    Device, Kind,
    sdf::{Options, Sdf},
    secret::Secret,
};

use crate::fixture::{Fixture, KEYS, label, labels, passwords, sign, soon};

/// The variable that names the library to the test that runs in a process of its own.
const LIBRARY: &str = "CHAINBOX_SDF_FIXTURE";

#[test]
fn a_library_that_is_none_is_refused() {
    let fixture = Fixture::new();
    let open = |library: &Path| {
        Sdf::open(Options { library: library.into(), ..fixture.options() }, passwords()).map(|_| ()).expect_err("it is none")
    };
    let missing = open(Path::new("/nowhere/libsdf.so"));
    assert!(missing.kind == Kind::Library && missing.what.contains("/nowhere/libsdf.so") && !missing.remedy.is_empty(), "{missing}");
    let text = open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    assert!(text.kind == Kind::Library, "{text}");
    let another = open(Path::new("libcrypto.so.3"));
    assert!(another.kind == Kind::Library && another.what.contains("no function SDF_OpenDevice"), "{another}");
}

#[test]
fn what_is_not_there_is_named() {
    let fixture = Fixture::new();
    fixture.faults(&["* gone"]);
    let error = fixture.open_with(|_| ()).map(|_| ()).expect_err("there is no device");
    assert!(error.kind == Kind::NoDevice && error.what.contains("SDR_OPENDEVICE") && !error.remedy.is_empty(), "{error}");

    fixture.faults(&[]);
    let far = fixture.open_with(|options| options.keys.get_mut(&label("vote")).expect("it is there").index = 77);
    let error = far.map(|_| ()).expect_err("there is no such key");
    assert!(error.kind == Kind::NoKey && error.what.contains("key vote, index 77") && error.what.contains("SDR_KEYNOTEXIST"), "{error}");
}

#[test]
fn a_wrong_password_is_tried_once() {
    let fixture = Fixture::new();
    let mut wrong = passwords();
    wrong.insert(label("audit"), Secret::new(b"guess".to_vec()));
    let error = Sdf::open(fixture.options(), wrong).map(|_| ()).expect_err("the password is wrong");
    assert!(error.kind == Kind::Pin && error.what.contains("key audit, index 1") && error.what.contains("SDR_PRKRERR"), "{error}");
    assert!(!error.to_string().contains("guess") && !format!("{error:?}").contains("guess"));
    assert_eq!(fixture.count("GetPrivateKeyAccessRight"), 1);
}

/// Devices lock a key after some number of wrong passwords: whatever callers ask for, few are tried.
#[test]
fn a_password_that_was_changed_is_not_tried_for_ever() {
    for code in ["0x01000018", "0x01000007", "0x01000024"] {
        let fixture = Fixture::new();
        let device = fixture.open();
        let before = fixture.count("GetPrivateKeyAccessRight");
        fixture.faults(&["InternalSign_ECC code 0x01000007", &format!("GetPrivateKeyAccessRight code {code}")]);
        let errors: Vec<_> = (0..20).map(|_| sign(&device, "audit", soon()).expect_err("no right")).collect();
        let tried = fixture.count("GetPrivateKeyAccessRight") - before;
        assert!((1..=3).contains(&tried), "{tried} tries with {code}");
        assert_eq!(errors.last().map(|error| error.kind), Some(Kind::Pin));
        // The others are not its business.
        fixture.faults(&[]);
        sign(&device, "block", soon()).expect("it signs");
    }
}

#[test]
fn passwords_and_keys_belong_together() {
    let fixture = Fixture::new();
    let error =
        Sdf::open(fixture.options(), BTreeMap::from([(label("nobody"), Secret::new(b"x".to_vec()))])).map(|_| ()).expect_err("no such key");
    assert!(error.kind == Kind::Pin && error.what.contains("nobody"), "{error}");
    let mut options = fixture.options();
    options.keys.get_mut(&label("audit")).expect("it is there").password = "env:NOT_READ".parse().ok();
    let error = Sdf::open(options, BTreeMap::new()).map(|_| ()).expect_err("its password is missing");
    assert!(error.kind == Kind::Pin && error.what.contains("audit"), "{error}");
}

/// Every code of the standard and some of vendors, for good and then once.
#[test]
fn every_code_is_named_and_what_may_pass_is_tried_again() {
    let fixture = Fixture::new();
    let device = fixture.open();
    for code in (0x0100_0001..=0x0100_0025).chain([0x0009_0102, 0x0101_0001, 0xffff_ffff_u32]) {
        fixture.faults(&[&format!("InternalSign_ECC code {code:#x}")]);
        let error = sign(&device, "block", soon()).expect_err("it fails");
        assert!(error.what.contains(&format!("({code:#010x})")) && error.what.contains("key block, index 2"), "{error}");
        let expected = match code & 0xff {
            _ if !(0x0100_0001..=0x0100_001e).contains(&code) => Kind::DeviceFailed,
            0x02 | 0x09 | 0x0a => Kind::Unsupported,
            0x03 | 0x05 => Kind::DeviceGone,
            0x06 | 0x1c => Kind::DeviceFull,
            0x07 | 0x18 => Kind::Pin,
            0x08 | 0x14 => Kind::NoKey,
            _ => Kind::DeviceFailed,
        };
        assert_eq!(error.kind, expected, "{error}");

        fixture.faults(&[&format!("InternalSign_ECC code {code:#x} 1")]);
        let once = sign(&device, "block", soon());
        let is_final = matches!(code, 0x0100_0002 | 0x0100_0008 | 0x0100_0009 | 0x0100_000a | 0x0100_000e | 0x0100_0014 | 0x0100_0015);
        assert_eq!(once.is_err(), is_final, "{code:#x}: {once:?}");
    }
    fixture.faults(&[]);
    sign(&device, "block", soon()).expect("nothing is left of it");
}

#[test]
fn a_dead_session_is_replaced() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| options.single_thread = true).expect("it opens");
    let before = (fixture.count("OpenSession"), fixture.count("CloseSession"));
    // The standard's code for it, and what three vendors say.
    for code in ["0x0100001d", "0x01000020", "0x00090102", "0x01000022"] {
        fixture.faults(&[&format!("InternalSign_ECC code {code} 1")]);
        sign(&device, "tls", soon()).expect("it signs in a new session");
    }
    assert_eq!((fixture.count("OpenSession"), fixture.count("CloseSession")), (before.0 + 4, before.1 + 4));
    assert_eq!(fixture.count("OpenDevice"), 1);
}

#[test]
fn a_right_that_was_lost_is_got_again() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| options.single_thread = true).expect("it opens");
    fixture.faults(&["InternalSign_ECC code 0x01000007 1"]);
    let before = fixture.count("GetPrivateKeyAccessRight");
    sign(&device, "tls", soon()).expect("it signs");
    assert_eq!(fixture.count("GetPrivateKeyAccessRight"), before + 1);
    assert_eq!(fixture.count("OpenSession"), 1);
}

/// Gone, and back: with sessions that nobody was using meanwhile, and with a library that opens its device only once.
#[test]
fn a_device_that_returned_is_used_again() {
    for also in ["", "OpenDevice most 1"] {
        let fixture = Fixture::new();
        fixture.faults(&[also]);
        let device = fixture.open_with(|options| options.sessions_min = 4).expect("it opens");
        for round in 0..3 {
            fixture.faults(&["* gone", also]);
            for _ in 0..2 {
                let error = sign(&device, "audit", soon()).expect_err("it is gone");
                assert!(error.kind == Kind::DeviceGone && error.kind.is_transient(), "round {round}: {error}");
            }
            fixture.faults(&[also]);
            for name in labels() {
                device.sign(&name, &[[7; 32]; 20], soon()).expect("it is back");
            }
        }
        drop(device);
        let opened = fixture.calls().iter().filter(|call| call.function == "OpenDevice" && call.code == Some(0)).count();
        assert_eq!(opened, fixture.count("CloseDevice"), "{also}");
    }
}

/// It went and returned between two calls, so that all handles are void and nobody was told.
#[test]
fn a_device_that_went_unseen_costs_nothing() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| options.sessions_min = 4).expect("it opens");
    for round in 1..=3 {
        fixture.faults(&[&format!("* age {round}")]);
        for &(name, ..) in &KEYS {
            sign(&device, name, soon()).expect("it signs");
        }
    }
    assert_eq!(fixture.count("OpenDevice"), 4);
}

/// One session has trouble while others are in calls: they keep the old handle of the device, which the library does not open twice.
#[test]
fn a_device_that_opens_only_once_is_closed_before_it_is_opened_again() {
    let fixture = Fixture::new();
    let device = fixture.open_with(|options| options.sessions_min = 4).expect("it opens");
    for code in ["0x01000003", "0x01000004", "0x01000005"] {
        fixture.faults(&["OpenDevice most 1", "InternalSign_ECC slow 20", &format!("InternalSign_ECC code {code} 1")]);
        device.sign(&label("tls"), &[[3; 32]; 40], soon()).expect("it signs");
    }
}

#[test]
fn a_device_without_memory_says_so_and_recovers() {
    let fixture = Fixture::new();
    fixture.faults(&["OpenSession code 0x0100001c"]);
    let error = fixture.open_with(|_| ()).map(|_| ()).expect_err("it is full");
    assert!(error.kind == Kind::DeviceFull && error.what.contains("SDR_NOBUFFER") && error.remedy.contains("sessions_max"), "{error}");
    fixture.faults(&[]);
    let device = fixture.open();
    fixture.faults(&["InternalSign_ECC code 0x0100001c"]);
    assert_eq!(sign(&device, "audit", soon()).expect_err("it is full").kind, Kind::DeviceFull);
    fixture.faults(&[]);
    sign(&device, "audit", soon()).expect("it signs");
}

/// In this process a crash is the end, which is why there is another way to run a library. The fixture must be able to.
#[test]
fn a_crash_ends_the_process_that_holds_the_library() {
    let fixture = Fixture::new();
    let status = Command::new(env::current_exe().expect("this program has a path"))
        .args(["--exact", "faults::crash_here", "--ignored"])
        .env(LIBRARY, fixture.library())
        .output()
        .expect("this program can be run")
        .status;
    assert_eq!(status.signal(), Some(nix::libc::SIGSEGV));
}

#[test]
#[ignore = "it ends the process: another test runs it in one of its own"]
fn crash_here() {
    let library = env::var_os(LIBRARY).expect("run by another test");
    let fixture = Fixture::at(library.into());
    let device = fixture.open();
    fixture.faults(&["InternalSign_ECC crash"]);
    let _ = sign(&device, "audit", soon());
}
