//! A small run of the comparison of devices, with a second CPU that poses as a device.

use std::time::Duration;

use chainbox_bench::{
    Error,
    gpu::{Contestant, Kernels, Options, report::Device, report::Section, run},
    machine::Machine,
    page,
};
use chainbox_engine::{
    backend::{Backend, Capabilities, Cpu, Fault},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    scheme::Scheme,
    simd::Processor,
    verdict::{Verdict, Verdicts},
};

/// A moment of everything.
fn tiny() -> Options {
    Options {
        schemes: &[Scheme::EcdsaP256Sha256, Scheme::Sm2Sm3],
        sizes: vec![(1, 2), (9, 1)],
        runs: 2,
        row_time: Duration::from_secs(60),
        full_batch: 7,
        callers: 2,
        full_batches: 1,
        signers: 3,
        low: vec![(1, 2)],
        low_load: 0.9,
        warm_time: Duration::from_millis(50),
        kernel_rounds: 2,
    }
}

fn machine() -> Machine {
    Machine { load: Some(0.0), ..Machine::this(Processor::detect()) }
}

/// Kernels that take a microsecond an item.
struct Steady;

impl Kernels for Steady {
    fn time(&self, batch: &Batch, rounds: usize) -> Result<Duration, Fault> {
        assert_eq!(rounds, 2);
        Ok(Duration::from_micros(batch.len() as u64))
    }

    fn multiply_adds_an_item(&self, scheme: Scheme) -> Option<u64> {
        (scheme == Scheme::Sm2Sm3).then_some(250_000)
    }

    fn multiply_adds_per_s(&self) -> Result<f64, Fault> {
        Ok(1e12)
    }
}

fn device(name: &str) -> Option<Device> {
    Some(Device {
        backend: name.to_owned(),
        device: "a second CPU".to_owned(),
        driver: "none".to_owned(),
        kind: "software",
        memory_bytes: 0,
        ran_on_hardware: false,
        multiply_adds_per_s: None,
    })
}

#[test]
fn each_back_end_has_its_rows() {
    let [cpu, second] = [Cpu::new(), Cpu::new()];
    let contestants = [
        Contestant { name: "cpu".to_owned(), backend: &cpu, device: None, kernels: None },
        Contestant { name: "opencl:0".to_owned(), backend: &second, device: device("opencl:0"), kernels: Some(&Steady) },
        Contestant { name: "all".to_owned(), backend: &cpu, device: None, kernels: None },
    ];
    let mut shown = 0;
    let report = run(&tiny(), None, &contestants, machine(), |_| shown += 1).unwrap();
    assert_eq!(shown, report.results.len());
    let subjects = |section| {
        let rows = report.results.iter().filter(move |row| row.section == section && row.scheme == Scheme::Sm2Sm3);
        rows.map(|row| (row.backend.as_str(), row.batch, row.known_signers, row.batches)).collect::<Vec<_>>()
    };
    let each = |batch, signers, batches| ["cpu", "opencl:0", "all"].map(|name| (name, batch, signers, batches));
    assert_eq!(subjects(Section::Sizes), [each(1, None, 4), each(9, None, 2)].concat());
    assert_eq!(subjects(Section::Full), [each(7, None, 4), each(7, Some(3), 4)].concat());
    assert_eq!(subjects(Section::Low), each(1, None, 4));
    assert_eq!(report.devices[0].multiply_adds_per_s, Some(1e12));
    for row in &report.results {
        let is_low = row.section == Section::Low;
        assert_eq!((row.ratio.is_some(), row.p99_ratio.is_some(), row.runs), (!is_low, is_low, 2), "{row}");
        assert!(row.backend != "cpu" || row.ratio.or(row.p99_ratio) == Some(1.0), "{row}");
        let has_kernels = row.section == Section::Full && row.backend == "opencl:0";
        assert_eq!(row.kernel_items_per_s.map(f64::round), has_kernels.then_some(1e6), "{row}");
        let is_counted = has_kernels && row.scheme == Scheme::Sm2Sm3 && row.known_signers.is_none();
        assert_eq!(row.multiply_add_share.map(|share| (share * 1e3).round()), is_counted.then_some(250.0), "{row}");
    }
    assert!(report.left_out.is_empty() && report.dispatcher.rate.is_some() && report.dispatcher.p99.is_some());
    assert_eq!(report.crossovers.iter().map(|found| &*found.backend).collect::<Vec<_>>(), ["opencl:0"; 2]);
    let page = page::gpu_html(&report, "chainbox bench gpu --tiny");
    assert_eq!(page.matches("<tr").count(), report.results.len() + 3 + 2);
    assert!(serde_json::to_value(&report).unwrap()["devices"][0]["driver"] == "none");
}

/// Whoever takes longer for a batch than a row may take is left out of the larger ones, and that is said; the CPU stays.
#[test]
fn who_is_too_slow_is_left_out_and_named() {
    let cpu = Cpu::new();
    let contestants =
        ["cpu", "wgpu:0"].map(|name| Contestant { name: name.to_owned(), backend: &cpu as &dyn Backend, device: None, kernels: None });
    let options = Options { row_time: Duration::from_nanos(1), ..tiny() };
    let report = run(&options, Some(Section::Sizes), &contestants, machine(), |_| ()).unwrap();
    let rows: Vec<_> = report.results.iter().map(|row| (row.backend.as_str(), row.batch, row.runs)).collect();
    assert_eq!(rows, [("cpu", 1, 1), ("wgpu:0", 1, 1), ("cpu", 9, 1)].repeat(2));
    assert_eq!(report.left_out.len(), 2);
    assert!(report.left_out[0].what.contains("batches of 9"), "{:?}", report.left_out);
}

/// Accepts everything.
struct Credulous(Cpu);

impl Backend for Credulous {
    fn name(&self) -> &str {
        "credulous"
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        Ok(vec![Verdict::Valid; batch.len()].into())
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.0.recover(batch)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.0.digest(hash, messages)
    }
}

#[test]
fn who_accepts_forgeries_has_no_figures() {
    let (cpu, credulous) = (Cpu::new(), Credulous(Cpu::new()));
    let contestants = [
        Contestant { name: "cpu".to_owned(), backend: &cpu as &dyn Backend, device: None, kernels: None },
        Contestant { name: "cuda:0".to_owned(), backend: &credulous, device: None, kernels: None },
    ];
    // One item of a thousand is forged.
    let options = Options { schemes: &[Scheme::EcdsaP256Sha256], sizes: vec![(1_000, 1)], ..tiny() };
    let error = run(&options, Some(Section::Sizes), &contestants, machine(), |_| ()).unwrap_err();
    assert!(matches!(&error, Error::WrongAnswer { contender, items: 1_000, .. } if contender == "cuda:0"), "{error}");
}
