//! `chainbox bench` on the command line.
#![cfg(feature = "bench")]

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use chainbox_bench::{
    machine::Machine,
    page,
    service::{
        self, Options,
        report::{Row, Section, Transport},
    },
};
use chainbox_engine::{scheme::Scheme, simd::Processor};

fn bench(subject: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chainbox")).args(["bench", subject]).args(arguments).output().unwrap()
}

#[test]
fn the_help_names_every_option_and_peer() {
    let run = bench("cpu", &["--help"]);
    assert!(run.status.success());
    let help = String::from_utf8(run.stdout).unwrap();
    for word in ["--quick", "--json", "--json-out", "--html-out", "secp256k1", "aws-lc-rs", "ring", "efficient-sm2", "keccak-asm"] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn the_help_names_every_section_of_the_service() {
    let help = String::from_utf8(bench("service", &["--help"]).stdout).unwrap();
    for word in ["--quick", "--only", "--json-out", "--html-out", "transports", "batches", "open", "small", "idle", "hostile"] {
        assert!(help.contains(word), "{word}: {help}");
    }
    let run = bench("service", &["--only", "others"]);
    let error = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.code() == Some(2) && error.contains("the sections are transports, batches"), "{error}");
}

#[test]
fn the_help_names_every_section_of_devices() {
    let help = String::from_utf8(bench("gpu", &["--help"]).stdout).unwrap();
    for word in ["--quick", "--only", "--backend", "--items", "--seconds", "--json-out", "--html-out", "sizes", "full", "low"] {
        assert!(help.contains(word), "{word}: {help}");
    }
    for (arguments, part) in
        [(["--only", "others"], "the sections are sizes"), (["--backend", "gpu"], "no back end is called"), (["--items", "0"], "from 1 to")]
    {
        let run = bench("gpu", &arguments);
        let error = String::from_utf8(run.stderr).unwrap();
        assert!(run.status.code() == Some(2) && error.contains(part), "{error}");
    }
}

/// The CPU and the queue in front of it, for real, a moment of each section.
#[test]
fn devices_are_measured_beside_the_cpu_where_there_are_none_too() {
    let dir = tempfile::tempdir().unwrap();
    let [json, html] = ["gpu.json", "gpu.html"].map(|name| dir.path().join(name).to_str().unwrap().to_owned());
    let run = bench("gpu", &["--quick", "--backend", "cpu", "--items", "4", "--seconds", "1", "--json-out", &json, "--html-out", &html]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    let of = |section: &str| {
        let rows = report["results"].as_array().unwrap().iter().filter(|row| row["section"] == section);
        rows.map(|row| format!("{} {}", row["backend"].as_str().unwrap(), row["batch"])).collect::<Vec<_>>()
    };
    assert_eq!(of("sizes"), ["cpu 1", "all 1", "cpu 4", "all 4"]);
    assert_eq!(of("full"), ["cpu 4", "all 4"].repeat(2));
    assert_eq!(of("low"), ["cpu 1", "all 1"]);
    assert!(report["dispatcher"]["rate"]["ratio"].is_number() && report["dispatcher"]["p99"]["ratio"].is_number(), "{report}");
    assert!(std::fs::read_to_string(html).unwrap().contains("<code>chainbox bench gpu --quick --backend cpu --items 4 --seconds 1</code>"));
}

/// A place that cannot be written is told before the measurement, not minutes later.
#[test]
fn outputs_are_opened_before_anything_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent/figures");
    for (subject, option) in [
        ("cpu", "--json-out"),
        ("cpu", "--html-out"),
        ("gpu", "--json-out"),
        ("gpu", "--html-out"),
        ("service", "--json-out"),
        ("service", "--html-out"),
    ] {
        let run = bench(subject, &[option, absent.to_str().unwrap()]);
        assert_eq!((run.status.code(), run.stdout.as_slice()), (Some(2), &b""[..]), "{subject} {option}");
        let error = String::from_utf8(run.stderr).unwrap();
        assert!(error.contains("absent/figures"), "{error}");
    }
}

/// A moment of everything.
const TINY: Options = Options {
    schemes: &[Scheme::EcdsaP256Sha256, Scheme::Sm2Sm3],
    batch: 20,
    batches: &[(1, 2), (7, 3)],
    clients: 2,
    signers: 3,
    items: 40,
    samples: 2,
    sample_time: Duration::from_millis(60),
    warm_time: Duration::from_millis(60),
    loads: &[0.1, 0.4],
    small_load: 0.01,
    small_time: Duration::from_millis(500),
    idle_clients: 5,
    idle_time: Duration::from_millis(100),
    honest_load: 0.1,
    hostile: (2, 3),
    forged: 0.9,
    hostile_time: Duration::from_millis(300),
};

/// The service runs for real, in processes of its own; every verdict is compared on the way.
#[test]
fn the_service_is_measured_in_every_section() {
    let machine = Machine { load: Some(0.0), ..Machine::this(Processor::detect()) };
    let mut shown = 0;
    let report = service::run(&TINY, None, Path::new(env!("CARGO_BIN_EXE_chainbox")), machine, |_| shown += 1).unwrap();
    assert_eq!(shown, report.results.len());
    let of = |section| report.results.iter().filter(|row| row.subject.section == section).collect::<Vec<&Row>>();
    let ways = |section| of(section).iter().map(|row| row.subject.transport).collect::<Vec<_>>();
    let (here, socket, tcp, tls) = (Transport::InProcess, Transport::Socket, Transport::Tcp, Transport::TcpTls);
    assert_eq!(ways(Section::Transports), [here, socket, tcp, tls].repeat(2));
    assert_eq!(ways(Section::Batches), [here, socket].repeat(2));
    assert_eq!(ways(Section::Open), [socket; 4]);
    assert_eq!(ways(Section::Small), [socket, tcp, tls]);
    assert_eq!(of(Section::Idle).iter().map(|row| row.subject.clients).collect::<Vec<_>>(), [0, 5]);
    assert_eq!(of(Section::Hostile).len(), 3);
    for row in &report.results {
        let is_idle = row.subject.section == Section::Idle;
        assert_eq!((row.requests > 0, row.latency.p50_us.is_some(), row.items_per_s > 0.0), (!is_idle, !is_idle, !is_idle), "{row}");
        let is_compared = row.subject.transport != here && matches!(row.subject.section, Section::Transports | Section::Batches);
        assert!(!is_compared || row.ratio.is_some(), "{row}");
        assert!(row.subject.section == Section::Hostile || row.failed == 0, "{row}");
        assert_eq!(row.server_cores.is_some(), row.subject.transport != here && !row.subject.what.contains("forged"), "{row}");
    }
    let page = page::service_html(&report, "chainbox bench service --tiny");
    assert_eq!(page.matches("<tr").count(), report.results.len() + Section::ALL.len());
}
