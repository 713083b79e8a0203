//! Which devices are used without being named, as a process of its own finds out.
//!
//! To look for devices, drivers are loaded, and some of them crash or hang on machines that lack what they expect. A service that nobody told to use a
//! device starts all the same: the process that looks ends, and this one loads only the drivers of devices that it will use.

use std::{
    env,
    io::{self, Read},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use chainbox_kernels::discover::APIS;
use serde::Deserialize;

/// How long looking may take. Drivers answer within a second.
const TIME_MAX: Duration = Duration::from_secs(30);

/// How often the process is asked whether it has ended.
const TIME_BETWEEN: Duration = Duration::from_millis(5);

/// The most that is read of what it says.
const OUTPUT_BYTES_MAX: u64 = 1 << 20;

/// What is of interest in a line of `chainbox devices --json`.
#[derive(Deserialize)]
struct Line {
    name: Option<String>,
    api: Option<String>,
    usable: Option<bool>,
    used_by: Option<String>,
}

/// The names of the devices that are used without being named: those of the first interface that has any which is no software.
///
/// # Errors
/// A line: why nobody can tell. The CPU does the work then.
pub fn by_themselves() -> Result<Vec<String>, String> {
    let program = env::current_exe().map_err(|error| format!("cannot tell which program this is: {error}"))?;
    let mut command = Command::new(program);
    command.args(["devices", "--json"]);
    told(command, TIME_MAX).map(|text| names(&text))
}

/// What a program says until it ends well.
fn told(mut command: Command, time_max: Duration) -> Result<String, String> {
    let unable = |error: io::Error| format!("cannot look for devices: {error}");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(unable)?;
    let output = child.stdout.take().expect("it was asked for");
    let reader = thread::spawn(move || {
        let mut text = String::new();
        output.take(OUTPUT_BYTES_MAX).read_to_string(&mut text).map(|_| text)
    });
    let status = ended(&mut child, time_max).map_err(unable)?;
    match status {
        None => Err(format!(
            "looking for devices takes longer than {} s: a driver hangs; engine.devices = \"none\" keeps it out",
            time_max.as_secs()
        )),
        Some(status) if !status.success() => Err(format!(
            "looking for devices ended with {status}: a driver fails; `chainbox devices` shows it, engine.devices = \"none\" keeps it out"
        )),
        Some(_) => reader.join().expect("a reader does not panic").map_err(unable),
    }
}

/// How it ended; none where it did not in time, and was killed.
fn ended(child: &mut Child, time_max: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    while start.elapsed() < time_max {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(TIME_BETWEEN);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// The devices that are no software, of one interface alone: the same card shows itself through several.
fn names(text: &str) -> Vec<String> {
    let lines: Vec<Line> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |api: &str| -> Vec<String> {
        let is_one =
            |line: &&Line| line.usable == Some(true) && line.used_by.as_deref() == Some("itself") && line.api.as_deref() == Some(api);
        lines.iter().filter(is_one).filter_map(|line| line.name.clone()).collect()
    };
    APIS.into_iter().map(of).find(|names| !names.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_stays_out_and_one_interface_is_enough() {
        let line = |name: &str, used_by: &str| {
            let api = name.split(':').next().unwrap();
            format!("{{\"api\":\"{api}\",\"name\":\"{name}\",\"usable\":true,\"used_by\":\"{used_by}\"}}\n")
        };
        let unusable = "{\"api\":\"cuda\",\"usable\":false,\"reason\":\"a\",\"remedy\":\"b\"}\n";
        let summary = "{\"summary\":{\"usable\":4,\"unusable\":1,\"failed\":0}}\n";
        let software = line("opencl", "name");
        let text = [unusable, &software, summary].concat();
        assert!(names(&text).is_empty());
        let text =
            [unusable, &software, &line("opencl:1", "itself"), &line("opencl:2", "itself"), &line("wgpu", "itself"), summary].concat();
        assert_eq!(names(&text), ["opencl:1", "opencl:2"]);
        assert_eq!(names(&[line("wgpu:1", "itself"), line("opencl", "name")].concat()), ["wgpu:1"]);
    }

    #[test]
    fn a_driver_that_crashes_or_hangs_is_told_and_not_waited_for() {
        let shell = |script: &str, time_max| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            told(command, time_max)
        };
        assert_eq!(shell("echo yes", TIME_MAX).as_deref(), Ok("yes\n"));
        assert!(shell("kill -SEGV $$", TIME_MAX).unwrap_err().contains("signal"));
        assert!(shell("exit 3", TIME_MAX).unwrap_err().contains("exit status: 3"));
        assert!(shell("exec sleep 600", Duration::from_millis(50)).unwrap_err().contains("hangs"));
    }
}
