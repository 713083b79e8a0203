//! `chainbox devices`: what there is to verify with beside the CPU, why something cannot be used, and what was learnt of it here.

pub(crate) mod survey;

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use chainbox_service::learned::{Curve, Learned};
use clap::ValueHint;
use serde_json::{Value, json};

use crate::{
    backends::{self, CPU},
    check::grouped,
    error::Error,
};
use survey::{Proof, Prove, Sight, Usable};

/// The exit status where a device gives wrong answers, or none.
const EXIT_FAILED_PROOF: u8 = 1;

/// Lines of at most 80 characters, so that no terminal wraps them.
const DETAILS: &str = "\
A device is used only after it gave the known answers on this machine. The
service uses those that are no software by itself (engine.devices), and commands
those that --backend names. docs/gpu.md says how to mend what is missing.

JSON lines have name, api, usable, device, driver, kind, memory_bytes,
ran_on_hardware, used_by (\"itself\" or \"name\"), known_answers and learned; where
it cannot be used, usable, api, reason and remedy. The last line is
{\"summary\":{\"usable\",\"unusable\",\"failed\"}}.

Exit status:
  0  everything that was found is listed, even where that is nothing
  1  with --check: a device gave a wrong answer, or none
  2  the output failed";

/// The options of `chainbox devices`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub struct Args {
    /// Ask each device the known answers, here and now; kernels are compiled for that, which may take a minute the first time
    #[arg(long)]
    check: bool,

    /// Print a line of JSON for each device and one for the whole
    #[arg(long)]
    json: bool,

    /// The data folder, which has what the service learnt of devices, and their compiled kernels; that of the settings unless given
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    data: Option<PathBuf>,
}

/// Runs `chainbox devices`.
///
/// # Errors
/// [`Error`] where standard output cannot be written.
pub fn run(args: Args) -> Result<ExitCode, Error> {
    let data = args.data.unwrap_or_else(backends::devices::data_folder);
    let (learned, broken) = survey::learned(&data);
    if let Some(error) = broken {
        // Where standard error is closed too, the table has to do.
        let _ = writeln!(io::stderr(), "chainbox: {error}");
    }
    let sights = survey::survey(&learned, &data, if args.check { Prove::Everything } else { Prove::Nothing });
    let of_cpu = learned.iter().find(|learned| learned.name == CPU);
    let text = if args.json { json_lines(&sights) } else { text(&sights, of_cpu) };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Error::stdout(&error))?;
    Ok(if failed(&sights) > 0 { ExitCode::from(EXIT_FAILED_PROOF) } else { ExitCode::SUCCESS })
}

/// Devices that did not give the known answers, where they were asked.
fn failed(sights: &[Sight]) -> usize {
    sights.iter().filter(|sight| matches!(sight, Sight::Usable(Usable { proof: Some(Err(_)), .. }))).count()
}

fn json_lines(sights: &[Sight]) -> String {
    let usable = sights.iter().filter(|sight| matches!(sight, Sight::Usable(_))).count();
    let summary = json!({ "summary": { "usable": usable, "unusable": sights.len() - usable, "failed": failed(sights) } });
    sights.iter().map(json_of).chain([summary]).map(|line| format!("{line}\n")).collect()
}

fn json_of(sight: &Sight) -> Value {
    let device = match sight {
        Sight::Unusable { api, what, remedy } => return json!({ "api": api, "usable": false, "reason": what, "remedy": remedy }),
        Sight::Usable(device) => device,
    };
    let known_answers = device.proof.as_ref().map(|proof| match proof {
        Ok(Proof { answers, first_time, time }) => {
            json!({ "right": answers, "first_seconds": first_time.as_secs_f64(), "seconds": time.as_secs_f64() })
        }
        Err(error) => json!({ "failure": error }),
    });
    json!({
        "name": device.name,
        "api": device.info.api,
        "usable": true,
        "device": device.info.name,
        "driver": device.info.driver,
        "kind": device.info.kind.name(),
        "memory_bytes": device.info.memory_bytes,
        "ran_on_hardware": device.ran_on_hardware,
        "used_by": if device.is_by_name() { "name" } else { "itself" },
        "known_answers": known_answers,
        "learned": device.learned.as_ref().map(|learned| &learned.curves),
    })
}

/// What a person reads.
fn text(sights: &[Sight], cpu: Option<&Learned>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "cpu: always there");
    curves(&mut text, cpu);
    for sight in sights {
        match sight {
            Sight::Usable(device) => usable(&mut text, device),
            Sight::Unusable { api, what, remedy } => {
                let _ = writeln!(text, "\n{api}: cannot be used: {what}\n  -> {remedy}");
            }
        }
    }
    text
}

fn usable(text: &mut String, device: &Usable) {
    let Usable { name, info, ran_on_hardware, proof, learned } = device;
    let _ = writeln!(text, "\n{name}: {}", info.name);
    let memory = if info.memory_bytes == 0 { String::new() } else { format!(", {} MiB", grouped((info.memory_bytes >> 20) as f64)) };
    let _ = writeln!(text, "  {}{memory}, driver {}", info.kind.name(), info.driver);
    if device.is_software() {
        let _ =
            writeln!(text, "  software on this machine's own processor: used only where it is named (--backend {name}, engine.devices)");
    } else if device.is_by_name() {
        let _ = writeln!(text, "  used only where it is named (--backend {name}, engine.devices)");
    }
    if !ran_on_hardware {
        let _ = writeln!(text, "  {}: never run on hardware by those who released this version", info.api);
    }
    match proof {
        None => {}
        Some(Ok(Proof { answers, first_time, time })) => {
            let _ = writeln!(
                text,
                "  known answers: {answers}, all right; {:.1} s with kernels made ready, {:.2} s then",
                first_time.as_secs_f64(),
                time.as_secs_f64()
            );
        }
        Some(Err(error)) => {
            let _ = writeln!(
                text,
                "  known answers: FAILED, not used: {error}\n  -> update or replace the driver, and report this if that does not help"
            );
        }
    }
    curves(text, learned.as_ref());
}

/// What was learnt of a back end, a line a task.
fn curves(text: &mut String, learned: Option<&Learned>) {
    let Some(Learned { curves, .. }) = learned.filter(|learned| !learned.curves.is_empty()) else {
        let _ = writeln!(text, "  no work of the service yet, in this data folder");
        return;
    };
    let width = curves.iter().map(|curve| curve.task.chars().count()).max().unwrap_or_default();
    for Curve { task, fixed_ns, item_ns, byte_ns, jobs } in curves {
        let us = |ns: &f64| ns / 1e3;
        let _ = writeln!(
            text,
            "  {task:<width$}  {:>9.1} us + {:>8.3} us an item + {:>7.4} us a byte ({jobs} jobs)",
            us(fixed_ns),
            us(item_ns),
            us(byte_ns)
        );
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chainbox_kernels::device::{DeviceInfo, Kind};

    use super::*;

    fn device(kind: Kind, proof: Option<Result<Proof, String>>) -> Sight {
        let info = DeviceInfo {
            api: "opencl",
            name: "a card".to_owned(),
            driver: "1.2".to_owned(),
            kind,
            memory_bytes: 2 << 30,
            buffer_bytes_max: 1 << 30,
        };
        let curve = Curve { task: "verify sm2-sm3 digest raw".to_owned(), fixed_ns: 210_000.0, item_ns: 95.5, byte_ns: 0.0, jobs: 12 };
        let learned = Learned { name: "opencl".to_owned(), hardware: "a card, 1.2".to_owned(), curves: vec![curve] };
        Sight::Usable(Usable { name: "opencl".to_owned(), info, ran_on_hardware: false, proof, learned: Some(learned) })
    }

    fn absent() -> Sight {
        Sight::Unusable { api: "wgpu", what: "no loader".to_owned(), remedy: "install libvulkan1".to_owned() }
    }

    #[test]
    fn people_learn_what_there_is_and_how_to_mend_what_is_not() {
        let proof = Proof { answers: 143, first_time: Duration::from_millis(9_120), time: Duration::from_millis(50) };
        let text = text(&[device(Kind::Software, Some(Ok(proof))), absent()], None);
        for part in [
            "cpu: always there\n  no work of the service yet",
            "opencl: a card\n  software, 2,048 MiB, driver 1.2\n",
            "used only where it is named (--backend opencl",
            "opencl: never run on hardware",
            "known answers: 143, all right; 9.1 s with kernels made ready, 0.05 s then",
            "verify sm2-sm3 digest raw      210.0 us +    0.096 us an item +  0.0000 us a byte (12 jobs)",
            "wgpu: cannot be used: no loader\n  -> install libvulkan1\n",
        ] {
            assert!(text.contains(part), "{part:?} is missing in\n{text}");
        }
    }

    #[test]
    fn programs_learn_the_same() {
        let sights = [device(Kind::Discrete, Some(Err("wrong".to_owned()))), device(Kind::Software, None), absent()];
        let lines: Vec<Value> = json_lines(&sights).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["used_by"], &lines[0]["known_answers"]["failure"]), (&json!("itself"), &json!("wrong")));
        assert_eq!(
            (&lines[1]["used_by"], &lines[1]["known_answers"], &lines[1]["kind"]),
            (&json!("name"), &Value::Null, &json!("software"))
        );
        assert_eq!(lines[1]["learned"][0]["jobs"], 12);
        assert_eq!(lines[2], json!({ "api": "wgpu", "usable": false, "reason": "no loader", "remedy": "install libvulkan1" }));
        assert_eq!(lines[3], json!({ "summary": { "usable": 2, "unusable": 1, "failed": 1 } }));
    }
}
