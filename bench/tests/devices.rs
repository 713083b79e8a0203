//! A small run of the comparison of devices, with a second CPU that poses as a device.

use std::time::Duration;

use chainbox_bench::{
    Error,
    gpu::{Contestant, Options, report::Section, run},
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
use chainbox_kernels::{
    device::{DeviceInfo, Kind},
    discover::DeviceBackend,
    pipeline::measure::KernelTime,
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
        rate_time: Duration::from_millis(1),
    }
}

fn machine() -> Machine {
    Machine { load: Some(0.0), ..Machine::this(Processor::detect()) }
}

/// A CPU that poses as a device, whose kernels take a microsecond an item.
struct Posing {
    cpu: Cpu,
    info: DeviceInfo,
}

impl Posing {
    fn new() -> Self {
        let info = DeviceInfo {
            api: "opencl",
            name: "a second CPU".to_owned(),
            driver: "none".to_owned(),
            kind: Kind::Software,
            memory_bytes: 0,
            buffer_bytes_max: 0,
        };
        Self { cpu: Cpu::new(), info }
    }
}

impl Backend for Posing {
    fn name(&self) -> &str {
        self.info.api
    }

    fn capabilities(&self) -> Capabilities {
        self.cpu.capabilities()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        self.cpu.verify(batch)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.cpu.recover(batch)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.cpu.digest(hash, messages)
    }
}

impl DeviceBackend for Posing {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn measure_kernels(&self, batch: &Batch, rounds: usize) -> Result<KernelTime, Fault> {
        assert_eq!(rounds, 2);
        Ok(KernelTime { items: batch.len(), time: Duration::from_micros(batch.len() as u64) })
    }

    fn multiply_adds_an_item(&self, batch: &Batch, key_is_known: bool) -> u64 {
        if batch.shape().scheme == Scheme::Sm2Sm3 && !key_is_known { 250_000 } else { 0 }
    }

    fn multiply_add_rate(&self, _: Duration) -> Result<f64, Fault> {
        Ok(1e12)
    }
}

#[test]
fn each_back_end_has_its_rows() {
    let (cpu, second) = (Cpu::new(), Posing::new());
    let contestants = [
        Contestant { name: "cpu".to_owned(), backend: &cpu, device: None },
        Contestant { name: "opencl:1".to_owned(), backend: &second, device: Some(&second) },
        Contestant { name: "all".to_owned(), backend: &cpu, device: None },
    ];
    let mut shown = 0;
    let report = run(&tiny(), None, &contestants, machine(), |_| shown += 1).unwrap();
    assert_eq!(shown, report.results.len());
    let subjects = |section| {
        let rows = report.results.iter().filter(move |row| row.section == section && row.scheme == Scheme::Sm2Sm3);
        rows.map(|row| (row.backend.as_str(), row.batch, row.known_signers, row.batches)).collect::<Vec<_>>()
    };
    let each = |batch, signers, batches| ["cpu", "opencl:1", "all"].map(|name| (name, batch, signers, batches));
    assert_eq!(subjects(Section::Sizes), [each(1, None, 4), each(9, None, 2)].concat());
    assert_eq!(subjects(Section::Full), [each(7, None, 4), each(7, Some(3), 4)].concat());
    assert_eq!(subjects(Section::Low), each(1, None, 4));
    assert_eq!(report.devices[0].multiply_adds_per_s, Some(1e12));
    for row in &report.results {
        let is_low = row.section == Section::Low;
        assert_eq!((row.ratio.is_some(), row.p99_ratio.is_some(), row.runs), (!is_low, is_low, 2), "{row}");
        assert!(row.backend != "cpu" || row.ratio.or(row.p99_ratio) == Some(1.0), "{row}");
        let has_kernels = row.section == Section::Full && row.backend == "opencl:1";
        assert_eq!(row.kernel_items_per_s.map(f64::round), has_kernels.then_some(1e6), "{row}");
        let is_counted = has_kernels && row.scheme == Scheme::Sm2Sm3 && row.known_signers.is_none();
        assert_eq!(row.multiply_add_share.map(|share| (share * 1e3).round()), is_counted.then_some(250.0), "{row}");
    }
    assert!(report.left_out.is_empty() && report.dispatcher.rate.is_some() && report.dispatcher.p99.is_some());
    assert_eq!(report.crossovers.iter().map(|found| &*found.backend).collect::<Vec<_>>(), ["opencl:1"; 2]);
    let page = page::gpu_html(&report, "chainbox bench gpu --tiny");
    assert_eq!(page.matches("<tr").count(), report.results.len() + 3 + 2);
    assert!(serde_json::to_value(&report).unwrap()["devices"][0]["driver"] == "none");
}

/// Whoever takes longer for a batch than a row may take is left out of the larger ones, and that is said; the CPU stays.
#[test]
fn who_is_too_slow_is_left_out_and_named() {
    let cpu = Cpu::new();
    let contestants = ["cpu", "wgpu:0"].map(|name| Contestant { name: name.to_owned(), backend: &cpu as &dyn Backend, device: None });
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
        Contestant { name: "cpu".to_owned(), backend: &cpu as &dyn Backend, device: None },
        Contestant { name: "cuda:0".to_owned(), backend: &credulous, device: None },
    ];
    // One item of a thousand is forged.
    let options = Options { schemes: &[Scheme::EcdsaP256Sha256], sizes: vec![(1_000, 1)], ..tiny() };
    let error = run(&options, Some(Section::Sizes), &contestants, machine(), |_| ()).unwrap_err();
    assert!(matches!(&error, Error::WrongAnswer { contender, items: 1_000, .. } if contender == "cuda:0"), "{error}");
}
