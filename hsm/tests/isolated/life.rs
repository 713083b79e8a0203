//! The child's life beside its parent's.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::fd::AsFd,
    path::Path,
    process::{Command, Stdio},
};

use chainbox_hsm::{
    Device, DeviceOptions, Isolation, Kind,
    device::contract,
    isolated::{self, frame},
    options,
    secret::Secret,
    software::{self, Software},
};

use crate::{
    Bench, PIN,
    device::{Fault, SelfReport},
    hosts, label, softhsm, soon, until,
};

#[test]
fn the_contract_holds_through_the_child() {
    let bench = Bench::start(Fault::None);
    contract::check(&bench.device, "contract ", soon).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(bench.device.state().restarts, 0);
}

/// A child as the service starts it, but for the name of the program.
fn service() -> Isolation {
    let program = Some(std::env::current_exe().expect("a program"));
    Isolation::Child(isolated::Options { program, arguments: hosts::arguments("hosts::service"), ..Default::default() })
}

#[test]
fn the_contract_holds_for_softhsm() {
    let options = DeviceOptions::Pkcs11(softhsm::options(softhsm::TOKEN));
    let open = |pin: Secret| options.open("pkcs11:test", [(options::PIN.to_owned(), pin)].into(), &service());
    contract::check(open(softhsm::pin()).expect("a device").as_ref(), "contract ", soon).unwrap_or_else(|failure| panic!("{failure}"));
    let error = open(Secret::new(b"4321".to_vec())).err().expect("a wrong PIN");
    assert!(error.kind == Kind::Pin && !error.remedy.is_empty(), "{error}");
}

#[test]
fn the_contract_holds_for_keys_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = software::Options { path: folder.path().join("keys"), production: false, allow_software: false };
    let password = Secret::new(b"a password".to_vec());
    drop(Software::create(&options, &password).expect("a file of keys"));
    let open = |password: &Secret| {
        let secrets = [(options::PASSWORD.to_owned(), password.clone())].into();
        DeviceOptions::Software(options.clone()).open("software:test", secrets, &service())
    };
    contract::check(open(&password).expect("a device").as_ref(), "contract ", soon).unwrap_or_else(|failure| panic!("{failure}"));
    let error = open(&Secret::new(b"another".to_vec())).err().expect("a wrong password");
    assert_eq!(error.kind, Kind::Pin, "{error}");
}

#[test]
fn the_child_gives_up_what_it_does_not_need() {
    // A descriptor that a library of the parent left open for children, which std never does.
    let file = File::open("/dev/null").expect("a file");
    let leaked = rustix::io::dup(file.as_fd()).expect("a descriptor");
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).expect("a flag");
    let bench = Bench::start(Fault::None);
    let capabilities = bench.device.capabilities(soon()).expect("capabilities");
    let report: SelfReport = serde_json::from_str(&capabilities.description).expect("a report");
    let beyond: Vec<_> = report.descriptors.iter().filter(|(number, _)| *number > 2).collect();
    assert!(matches!(beyond.as_slice(), [(_, socket)] if socket.starts_with("socket:")), "{report:?}");
    assert!(report.descriptors.contains(&(0, "/dev/null".to_owned())), "{report:?}");
    assert_eq!((report.is_dumpable, report.core_bytes_max, report.name.as_str()), (false, Some(0), "chainbox-hsm"));
}

#[test]
fn the_pin_is_in_neither_arguments_nor_environment() {
    let bench = Bench::start(Fault::None);
    let process = Path::new("/proc").join(bench.device.state().pid.expect("a child").to_string());
    let command = fs::read(process.join("cmdline")).expect("a command line");
    assert!(String::from_utf8_lossy(&command).starts_with("chainbox-hsm-host: test:device"));
    // Only root may read the environment of a process that cannot be dumped.
    for bytes in [command, fs::read(process.join("environ")).unwrap_or_default()] {
        assert!(!bytes.windows(PIN.len()).any(|window| window == PIN.as_bytes()));
    }
}

#[test]
fn the_child_ends_with_its_device() {
    let bench = Bench::start(Fault::None);
    let pid = bench.device.state().pid.expect("a child");
    assert!(is_alive(pid));
    drop(bench.device);
    assert!(!is_alive(pid));
}

#[test]
fn the_child_ends_with_its_parent() {
    let mut parent = Command::new(std::env::current_exe().expect("a program"))
        .args(hosts::arguments("hosts::parent"))
        .env("A_PIN", PIN)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a parent");
    let lines = BufReader::new(parent.stdout.take().expect("its output")).lines();
    let child =
        lines.map_while(Result::ok).find_map(|line| line.strip_prefix("child ")?.parse::<u32>().ok()).expect("the process id of the child");
    assert!(is_alive(child));
    // A variable that holds the PIN stays with the parent. Only root may look.
    let environment = fs::read(format!("/proc/{child}/environ")).unwrap_or_default();
    assert!(!environment.windows(PIN.len()).any(|window| window == PIN.as_bytes()));
    parent.kill().expect("a parent to kill");
    parent.wait().expect("a dead parent");
    until("the child is gone", || !is_alive(child));
}

/// Whether it runs: one that nobody has waited for yet does not.
fn is_alive(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, rest)| !matches!(rest.trim_start().chars().next(), None | Some('Z' | 'X')))
}

#[test]
fn many_digests_and_many_bytes_pass() {
    let bench = Bench::start(Fault::None);
    let digests: Vec<[u8; 32]> = (0..100).map(|index| [index; 32]).collect();
    let signatures = bench.device.sign(&label("kept"), &digests, soon()).expect("signatures");
    assert!(digests.iter().zip(&signatures).all(|(digest, signature)| crate::verifies(bench.folder.path(), digest, signature)));
    let mut bytes = vec![0; frame::RANDOM_BYTES_MAX + 1000];
    bench.device.random(&mut bytes, soon()).expect("random bytes");
    assert!(bytes.chunks(1000).all(|part| part.iter().any(|byte| *byte != 0)));
    let too_many = vec![[0; 32]; frame::DIGESTS_MAX + 1];
    assert_eq!(bench.device.sign(&label("kept"), &too_many, soon()).map_err(|error| error.kind), Err(Kind::Input));
}
