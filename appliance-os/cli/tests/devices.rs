//! `chainbox devices` and `chainbox doctor`, and back ends by name, as a user sees them: with the loaders of this machine, and without any.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use chainbox_fpga::stand_in::{StandIn, behind::Model};
use chainbox_fpga_model::curve::Curve;
use serde_json::Value;

const CHAINBOX: &str = env!("CARGO_BIN_EXE_chainbox");

/// A command with a data folder of its own.
fn chainbox(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(CHAINBOX);
    command.args(arguments).env("HOME", home).env_remove("XDG_STATE_HOME");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHAINBOX_")) {
        command.env_remove(name);
    }
    command
}

/// Loaders find no driver.
fn without_drivers(command: &mut Command) -> &mut Command {
    command.env("OCL_ICD_VENDORS", "/nonexistent").env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent")
}

/// Nor are there loaders: what has their names is none.
fn without_loaders<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    for name in ["libOpenCL.so", "libOpenCL.so.1", "libvulkan.so", "libvulkan.so.1", "libcuda.so", "libcuda.so.1"] {
        fs::write(folder.join(name), "no library").unwrap();
    }
    without_drivers(command).env("LD_LIBRARY_PATH", folder)
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_interface_that_is_missing_has_a_reason_and_a_remedy() {
    let home = tempfile::tempdir().unwrap();
    let mut bare = chainbox(home.path(), &["devices", "--check", "--json"]);
    let mut barer = chainbox(home.path(), &["devices", "--check", "--json"]);
    // Side by side: where the simulation of the FPGA verifier was built it is there, and its known answers take a while.
    let spawn = |command: &mut Command| command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let children = [spawn(without_drivers(&mut bare)), spawn(without_loaders(&mut barer, home.path()))];
    for output in children.map(|child| child.wait_with_output().unwrap()) {
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
        let mut lines = lines(&output);
        // One that did not give its known answers stays, and is one too many.
        lines.retain(|line| line["api"] != "fpga-sim" || line["known_answers"]["right"].as_u64().is_none_or(|right| right == 0));
        let (summary, rows) = lines.split_last().unwrap();
        let apis: Vec<_> = rows.iter().map(|row| row["api"].as_str().unwrap()).collect();
        assert_eq!(apis, ["cuda", "opencl", "wgpu"]);
        for row in rows {
            assert_eq!(row["usable"], false, "{row}");
            assert!(row["reason"].as_str().is_some_and(|text| text.len() > 10), "{row}");
            assert!(row["remedy"].as_str().is_some_and(|text| text.len() > 10), "{row}");
        }
        assert_eq!(summary["summary"]["usable"], if cfg!(feature = "fpga-sim") { 2 } else { 0 });
    }
}

#[test]
fn people_read_it_too() {
    let home = tempfile::tempdir().unwrap();
    let output = without_drivers(&mut chainbox(home.path(), &["devices"])).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["cpu: always there", "opencl: cannot be used: ", "wgpu: cannot be used: ", "cuda: cannot be used: ", "\n  -> "] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

/// What the service wrote down is read; a file that is none is named, and is no reason to end.
#[test]
fn a_broken_file_of_costs_is_named() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("backends.json"), "{").unwrap();
    let data = home.path().to_str().unwrap();
    let output = without_drivers(&mut chainbox(home.path(), &["devices", "--data", data])).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("backends.json") && error.contains("delete it"), "{error}");
}

#[test]
fn a_back_end_that_is_not_there_is_an_error_with_a_remedy() {
    let home = tempfile::tempdir().unwrap();
    for (name, parts) in [
        ("opencl", ["opencl: ", "install"]),
        ("wgpu:3", ["wgpu:3: ", "install"]),
        ("cpu,opencl", ["opencl: ", "chainbox devices"]),
        ("gpu", ["no back end is called \"gpu\"", "cpu, cuda, opencl, wgpu, all"]),
        ("opencl,opencl", ["twice", "--backend"]),
    ] {
        for subcommand in ["verify", "check"] {
            let output = without_drivers(&mut chainbox(home.path(), &[subcommand, "--backend", name])).output().unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{name}: {error}");
            assert!(parts.iter().all(|part| error.contains(part)), "{name}: {error}");
        }
    }
    let output = chainbox(home.path(), &["verify", "--backend", "all", "--strategy", "single"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("--strategy is the CPU's"));
}

/// The first device of this machine, PoCL in CI: alone, and with the CPU behind one queue.
#[test]
fn a_device_answers_as_the_cpu() {
    let home = tempfile::tempdir().unwrap();
    let found = lines(&chainbox(home.path(), &["devices", "--json"]).output().unwrap());
    let Some(device) = found.iter().find(|line| line["usable"] == true && line["api"] != "fpga-sim") else {
        let may_have_none = std::env::var_os("CHAINBOX_NO_DEVICES").is_some_and(|value| value == "1");
        assert!(may_have_none, "no device here: install pocl-opencl-icd (tests/run packages does), or set CHAINBOX_NO_DEVICES=1");
        eprintln!("NO DEVICE HERE: nothing was tested");
        return;
    };
    let name = device["name"].as_str().unwrap();
    let items = home.path().join("items.jsonl");
    let items = items.to_str().unwrap();
    let arguments = ["generate", "--count", "300", "--invalid", "0.2", "-o", items];
    assert!(chainbox(home.path(), &arguments).output().unwrap().status.success());
    let verify = |name: &str| {
        let output = chainbox(home.path(), &["verify", "--json", "--backend", name, items]).output().unwrap();
        let mut lines = lines(&output);
        assert!(lines.pop().is_some_and(|line| line["summary"]["items"] == 300), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        lines
    };
    let by_cpu = verify("cpu");
    assert_eq!(verify(name), by_cpu);
    assert_eq!(verify(&format!("cpu,{name}")), by_cpu);
}

/// The FPGA verifier's RTL, one for each curve: listed, and answers as the CPU; a scheme that it was not built for is an error.
#[cfg(feature = "fpga-sim")]
#[test]
fn the_simulated_fpga_answers_as_the_cpu() {
    let home = tempfile::tempdir().unwrap();
    let found = lines(&chainbox(home.path(), &["devices", "--json"]).output().unwrap());
    let listed: Vec<_> = found.iter().filter(|line| line["api"] == "fpga-sim").collect();
    assert_eq!(listed.len(), 2, "{found:?}");
    for (device, scheme) in listed.into_iter().zip(["sm2-sm3", "ecdsa-p256-sha256"]) {
        assert_eq!(
            (&device["ran_on_hardware"], &device["kind"], &device["used_by"]),
            (&Value::Bool(false), &Value::from("software"), &Value::from("name"))
        );
        let path = home.path().join(format!("{scheme}.jsonl"));
        let items = path.to_str().unwrap();
        let made =
            chainbox(home.path(), &["generate", "--scheme", scheme, "--count", "40", "--invalid", "0.2", "-o", items]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let verify = |name: &str| {
            let output = chainbox(home.path(), &["verify", "--json", "--backend", name, items]).output().unwrap();
            let mut lines = lines(&output);
            assert!(lines.pop().is_some_and(|line| line["summary"]["items"] == 40), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            lines
        };
        assert_eq!(verify(device["name"].as_str().unwrap()), verify("cpu"));
    }
    let sm2 = home.path().join("sm2-sm3.jsonl");
    let output = chainbox(home.path(), &["verify", "--backend", "fpga-sim:1", sm2.to_str().unwrap()]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("its engines are built for ecdsa-p256-sha256"), "{error}");
}

/// A card by its devices: a stand-in here, which answers as the CPU does. It is listed with what was tried of its kind, and used where it is named; one of another build is
/// refused, with the remedy.
#[test]
fn a_card_behind_its_devices_answers_as_the_cpu() {
    let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let prefix = folder.path().join("xdma3");
    let stops = std::sync::atomic::AtomicBool::new(false);
    let card = StandIn::new(&prefix, Box::new(Model::new(Curve::SM2)), None).unwrap();
    let with_card = |arguments: &[&str]| {
        let mut command = chainbox(home.path(), arguments);
        without_drivers(&mut command).env("CHAINBOX_FPGA_DEVICES", folder.path());
        command.output().unwrap()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| card.serve(&stops).unwrap());
        let stop = StopOnDrop(&stops);
        let found = lines(&with_card(&["devices", "--check", "--json"]));
        let listed = found.iter().find(|line| line["name"] == "fpga").unwrap_or_else(|| panic!("{found:?}"));
        assert_eq!((&listed["ran_on_hardware"], &listed["used_by"]), (&Value::Bool(false), &Value::from("name")));
        assert!(listed["known_answers"]["right"].as_u64().is_some_and(|right| right > 0), "{listed}");
        let path = home.path().join("items.jsonl");
        let items = path.to_str().unwrap();
        let made = with_card(&["generate", "--scheme", "sm2-sm3", "--count", "200", "--invalid", "0.2", "-o", items]);
        assert!(made.status.success(), "{made:?}");
        let verify = |name: &str| {
            let mut lines = lines(&with_card(&["verify", "--json", "--backend", name, items]));
            assert!(lines.pop().is_some_and(|line| line["summary"]["items"] == 200));
            lines
        };
        assert_eq!(verify("fpga"), verify("cpu"));
        let text = String::from_utf8(with_card(&["devices"]).stdout).unwrap();
        assert!(text.contains("fpga: never run on hardware") && text.contains("used only where it is named (--backend fpga"), "{text}");
        let absent = with_card(&["verify", "--backend", "fpga:1", items]);
        assert!(String::from_utf8(absent.stderr).unwrap().contains("has no such card; load the kernel module xdma"));
        drop(stop);
    });
    fs::write(folder.path().join("xdma3_user"), [0; 0x1000]).unwrap();
    let found = lines(&with_card(&["devices", "--json"]));
    let listed = found.iter().find(|line| line["api"] == "fpga").unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!(listed["usable"], false);
    assert!(listed["reason"].as_str().unwrap().contains("no verifier of Chainbox"), "{listed}");
    assert!(listed["remedy"].as_str().unwrap().contains("load the bitstream"), "{listed}");
}

/// Ends the stand-in where a test fails, too.
struct StopOnDrop<'a>(&'a std::sync::atomic::AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// A build without it says how to get it.
#[cfg(not(feature = "fpga-sim"))]
#[test]
fn a_build_without_the_simulated_fpga_says_so() {
    let home = tempfile::tempdir().unwrap();
    let output = chainbox(home.path(), &["verify", "--backend", "fpga-sim"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("build with the cargo feature fpga-sim, which needs Verilator 5"), "{error}");
}

/// Where there is no GPU, all back ends are the CPU behind the queue, and answer as it does alone.
#[test]
fn all_back_ends_answer_as_the_cpu_alone() {
    let home = tempfile::tempdir().unwrap();
    let items = home.path().join("items.jsonl");
    let items = items.to_str().unwrap();
    let made = chainbox(home.path(), &["generate", "--count", "3000", "--invalid", "0.2", "-o", items]).output().unwrap();
    assert!(made.status.success());
    let verify = |name: &str| {
        let output = without_drivers(&mut chainbox(home.path(), &["verify", "--json", "--backend", name, items])).output().unwrap();
        let mut lines = lines(&output);
        let summary = lines.pop().unwrap();
        assert_eq!(summary["summary"]["backend"], name, "{}", String::from_utf8_lossy(&output.stderr));
        lines
    };
    assert_eq!(verify("cpu"), verify("all"));
}

#[test]
fn the_doctor_says_whether_the_machine_is_fit() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["doctor", "--json", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    let output = without_drivers(&mut chainbox(home.path(), &arguments)).output().unwrap();
    let found = lines(&output);
    let (summary, rows) = found.split_last().unwrap();
    for check in ["processor", "cores", "memory", "known answers", "device opencl", "data folder", "disk space", "disk", "clock", "entropy"]
    {
        let row = rows.iter().find(|row| row["check"] == check).unwrap_or_else(|| panic!("{check} is missing: {rows:?}"));
        assert_eq!(row["remedy"].is_null(), row["state"] == "ok", "{row}");
    }
    let is_fit = rows.iter().all(|row| row["state"] != "bad");
    assert_eq!((&summary["summary"]["fit"], output.status.code()), (&Value::Bool(is_fit), Some(i32::from(!is_fit))));

    // A data folder in the way of which a file stands is bad anywhere.
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let arguments = ["doctor", "--data", file.to_str().unwrap(), "--grpc", "127.0.0.1:0", "--http", "off"];
    let output = without_drivers(&mut chainbox(home.path(), &arguments)).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("  bad      data folder") && text.contains("NOT fit"), "{text}");
}
