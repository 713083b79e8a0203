//! `chainbox serve` and `chainbox up` as processes: starts, signals, what they say, what they take.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use chainbox_api::client::{Address, Client, Options};
use chainbox_engine::{batch::Input, scheme::Scheme};
use chainbox_workloads::{Spec, Workload};
use serde_json::Value;

const CHAINBOX: &str = env!("CARGO_BIN_EXE_chainbox");

/// A service as a process of its own.
struct Served {
    child: Child,
    addresses: Value,
    folder: tempfile::TempDir,
}

fn command(folder: &Path, subcommand: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(CHAINBOX);
    // Free ports; `--grpc` and `--http` among the arguments win over these.
    let ports = ["--set", "grpc.listen=127.0.0.1:0", "--set", "http.listen=127.0.0.1:0"];
    command.arg(subcommand).arg("--data").arg(folder.join("data")).args(ports).args(arguments);
    // Settings of whoever runs the tests have no place here.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHAINBOX_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(arguments: &[&str]) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let command = command(folder.path(), "serve", arguments);
    start_command(command, folder)
}

fn start_command(mut command: Command, folder: tempfile::TempDir) -> Served {
    let mut child = command.arg("--json").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let Ok(addresses) = serde_json::from_str(&line) else {
        child.kill().unwrap();
        panic!("{line}{}", String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr))
    };
    Served { child, addresses, folder }
}

impl Served {
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn end(self) -> Output {
        self.signal("TERM");
        self.child.wait_with_output().unwrap()
    }

    fn client(&self, runtime: &tokio::runtime::Runtime) -> Client {
        let address: Address = self.addresses["socket"].as_str().unwrap().parse().unwrap();
        runtime.block_on(Client::connect(&address, Options { request_id: Some("test-7".to_owned()), ..Options::default() })).unwrap()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Ends with exit status 2 and one line that has these parts.
fn assert_refused(output: &Output, parts: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("chainbox: ")).count(), 1, "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is missing in {stderr}");
    }
}

#[test]
fn it_says_where_it_listens_and_ends_in_order() {
    let served = start(&[]);
    for listener in ["grpc", "http", "socket"] {
        assert!(served.addresses[listener].is_string(), "{}", served.addresses);
    }
    let output = served.end();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // Not a terminal: every line is JSON.
    let lines: Vec<Value> = text(&output.stderr).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["message"], "ready");
    assert_eq!(lines[0]["grpc"].as_str().unwrap().split(':').next(), Some("http"));
}

/// Devices are looked for unless the settings say otherwise: where loaders find no driver, and where there is no loader that could be opened, it
/// starts as it does with none wanted.
#[test]
fn it_starts_where_no_device_can_be_used() {
    for hides_loaders in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(folder.path(), "serve", &[]);
        command.env("OCL_ICD_VENDORS", "/nonexistent").env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent");
        if hides_loaders {
            for name in ["libOpenCL.so", "libOpenCL.so.1", "libvulkan.so", "libvulkan.so.1", "libcuda.so", "libcuda.so.1"] {
                fs::write(folder.path().join(name), "no library").unwrap();
            }
            command.env("LD_LIBRARY_PATH", folder.path());
        }
        let output = start_command(command, folder).end();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        for line in text(&output.stderr).lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok_and(|event| event["level"] == "INFO"), "{line}");
        }
    }
}

#[test]
fn a_device_that_is_named_and_not_there_is_told_before_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), "serve", &["--set", "engine.devices=opencl"]);
    let output = command.env("OCL_ICD_VENDORS", "/nonexistent").output().unwrap();
    assert_refused(&output, &["opencl: ", "install", "chainbox devices"]);
}

#[test]
fn files_are_verified_by_it_as_they_are_alone() {
    let served = start(&[]);
    let items = served.folder.path().join("items.jsonl");
    let made = Command::new(CHAINBOX).args(["generate", "--count", "5000", "--invalid", "0.1", "-o"]).arg(&items).output().unwrap();
    assert!(made.status.success());
    let verify = |arguments: &[&str]| Command::new(CHAINBOX).args(["verify", "--json"]).args(arguments).arg(&items).output().unwrap();
    let alone = verify(&[]);
    let by_server = verify(&["--server", served.addresses["socket"].as_str().unwrap()]);
    let without_summary = |output: &Output| {
        let text = text(&output.stdout);
        let (lines, _) = text.trim_end().rsplit_once('\n').unwrap();
        lines.to_owned()
    };
    assert_eq!(without_summary(&alone), without_summary(&by_server));
    assert_eq!(alone.status, by_server.status);
}

#[test]
fn a_second_start_a_port_in_use_and_a_bad_setting_are_one_line_each() {
    let served = start(&[]);
    let again = command(served.folder.path(), "serve", &[]).output().unwrap();
    assert_refused(&again, &["another chainbox (process", "name another folder with --data"]);
    let folder = tempfile::tempdir().unwrap();
    let port = served.addresses["grpc"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    let in_use = command(folder.path(), "serve", &["--grpc", &port]).output().unwrap();
    assert_refused(&in_use, &["grpc.listen", "in use"]);
    let bad = command(folder.path(), "serve", &["--set", "limits.mesage_bytes_max=1"]).output().unwrap();
    assert_refused(&bad, &["limits.mesage_bytes_max", "limits.message_bytes_max"]);
    served.end();
}

#[test]
fn plaintext_on_the_network_must_be_asked_for_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let refused = command(folder.path(), "serve", &["--grpc", "0.0.0.0:0"]).output().unwrap();
    let words = "anyone on the network can read requests and change verdicts";
    assert_refused(&refused, &["grpc.listen", words]);
    let told = format!("grpc.plaintext_on_network={words}");
    let served = start_command(command(folder.path(), "serve", &["--grpc", "0.0.0.0:0", "--set", &told]), folder);
    assert!(served.addresses["grpc"].as_str().unwrap().starts_with("http://0.0.0.0:"), "{}", served.addresses);
    served.end();
}

/// SIGHUP applies what can be applied, says what cannot, and a broken file changes nothing.
#[test]
fn settings_are_read_again_on_sighup() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chainbox.toml");
    fs::write(&file, "[limits]\nsource_items_in_flight_max = 1000\n").unwrap();
    let command = command(folder.path(), "serve", &["--config", file.to_str().unwrap()]);
    let mut served = start_command(command, folder);
    let runtime = runtime();
    let client = served.client(&runtime);
    let items_max = || runtime.block_on(client.capabilities()).unwrap().limits.unwrap().items_in_flight_max;
    assert_eq!(items_max(), 1000);
    let mut log =
        BufReader::new(served.child.stderr.take().unwrap()).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let mut wait_for = |message: &str| log.find(|line| line["message"] == message).unwrap_or_else(|| panic!("{message} was not logged"));
    fs::write(&file, "[limits]\nsource_items_in_flight_max = 2000\n[engine]\nthreads = 1\n").unwrap();
    served.signal("HUP");
    let line = wait_for("settings reloaded");
    assert!(line["applied"].as_str().unwrap().contains("limits.source_items_in_flight_max"), "{line}");
    assert!(line["needs_restart"].as_str().unwrap().contains("engine.threads"), "{line}");
    assert_eq!(items_max(), 2000);
    fs::write(&file, "[limits]\nsource_items_in_flight_max = \"many\"\n").unwrap();
    served.signal("HUP");
    let line = wait_for("the settings were not reloaded; the old ones stay in force");
    assert!(line["reason"].as_str().unwrap().contains("chainbox.toml:2"), "{line}");
    assert_eq!(items_max(), 2000);
    drop(client);
    served.end();
}

/// The protocol of systemd's sd_notify(3).
#[test]
fn the_service_manager_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut command = command(folder.path(), "serve", &[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let served = start_command(command, folder);
    let wait_for = |state: &str| loop {
        let mut buffer = [0; 1024];
        let bytes = manager.recv(&mut buffer).unwrap_or_else(|error| panic!("{state}: {error}"));
        if text(&buffer[..bytes]).contains(state) {
            break;
        }
    };
    wait_for("READY=1");
    wait_for("WATCHDOG=1");
    wait_for("WATCHDOG=1");
    served.signal("HUP");
    wait_for("RELOADING=1");
    wait_for("READY=1");
    served.signal("TERM");
    wait_for("STOPPING=1");
    served.end();
}

#[test]
fn a_request_is_in_the_log_by_its_id() {
    let served = start(&["--set", "log.filter=debug"]);
    let runtime = runtime();
    let client = served.client(&runtime);
    let items = Workload::new(Spec { input: Input::Digest, ..Spec::new(Scheme::Sm2Sm3, 3) }).unwrap().items(0..3);
    let batch = chainbox_workloads::batches(&items).unwrap().remove(0).batch;
    assert!(runtime.block_on(client.verify(&batch)).unwrap().all());
    drop(client);
    let log = text(&served.end().stderr);
    let line: Value =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|line| line["message"] == "answered").unwrap();
    assert_eq!((&line["request_id"], &line["method"], &line["items"]), (&"test-7".into(), &"Verify".into(), &3.into()), "{line}");
}

/// The memory that a process had at most, in bytes.
fn peak_memory(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

/// Many clients that send far more than the limits let in: memory stays within what the limits say, see docs/service.md.
#[test]
fn memory_is_bounded_by_the_limits_in_force() {
    const BYTES_IN_FLIGHT_MAX: u64 = 16 << 20;
    const CLIENTS: u64 = 64;
    let served = start(&[
        "--set",
        "limits.bytes_in_flight_max=16 MiB",
        "--set",
        "limits.source_bytes_in_flight_max=16 MiB",
        "--set",
        "limits.message_bytes_max=8 MiB",
    ]);
    let runtime = runtime();
    // Everything that is made once is there: tables of G, threads, tables of keys of these items.
    let items = Workload::new(Spec { input: Input::Digest, signers: 4, ..Spec::new(Scheme::Sm2Sm3, 4096) }).unwrap().items(0..4096);
    let batch = Arc::new(chainbox_workloads::batches(&items).unwrap().remove(0).batch);
    let client = served.client(&runtime);
    for _ in 0..8 {
        assert!(runtime.block_on(client.verify(&batch)).unwrap().all());
    }
    let before = peak_memory(&served.child);
    // 64 clients with about 4 MiB each on the way at any time.
    let mut large = chainbox_engine::batch::Batch::new(batch.shape());
    (0..6).for_each(|_| large.extend_from(&batch, 0..batch.len()).unwrap());
    let large = Arc::new(large);
    let clients: Vec<_> = (0..CLIENTS).map(|_| served.client(&runtime)).collect();
    let asked = clients.into_iter().map(|client| {
        let large = Arc::clone(&large);
        runtime.spawn(async move {
            for _ in 0..2 {
                // Refused or answered: what counts is what the server held meanwhile.
                let _ = client.verify(&large).await;
            }
        })
    });
    let asked: Vec<_> = asked.collect();
    for asked in asked {
        runtime.block_on(asked).unwrap();
    }
    let grown = peak_memory(&served.child).saturating_sub(before);
    // A message is held as it came and as the batch made of it, in part gathered once more; a connection has its window.
    let bound = 3 * BYTES_IN_FLIGHT_MAX + CLIENTS * (1 << 20);
    println!("{} MiB more than before, of at most {} MiB", grown >> 20, bound >> 20);
    assert!(grown < bound, "{} MiB more than before, of at most {} MiB", grown >> 20, bound >> 20);
    // The bound is one: all that was sent is more.
    assert!(CLIENTS * large.bytes() as u64 > 2 * bound);
    served.end();
}

#[test]
fn up_checks_says_where_to_look_and_ends_with_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path(), "up", &[]).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("Ctrl-C") {
        assert!(out.read_line(&mut said).unwrap() > 0, "{said}");
    }
    for part in ["known answers", "every verdict is right", "status page", "http://127.0.0.1:", "unix:", "verify --server"] {
        assert!(said.contains(part), "{part:?} is missing in\n{said}");
    }
    let served = Served { child, addresses: Value::Null, folder };
    served.signal("INT");
    let mut child = served.child;
    let status = child.wait().unwrap();
    let mut log = String::new();
    child.stderr.unwrap().read_to_string(&mut log).unwrap();
    assert_eq!((status.code(), &*log), (Some(0), ""));
}

#[test]
fn up_has_one_line_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let served = start_command(command(folder.path(), "up", &[]), folder);
    for listener in ["grpc", "http", "socket"] {
        assert!(served.addresses[listener].is_string(), "{}", served.addresses);
    }
    served.signal("INT");
    let output = served.child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), String::new()));
}
