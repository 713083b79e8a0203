//! Times of compilation and rates through wgpu, to be looked at by hand.
#![cfg(feature = "wgpu")]

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use chainbox_engine::{backend::known_answers, batch::Batch};
use chainbox_kernels::{
    cache::Cache,
    device::{Device as _, Launch, SlotBytes},
    layout::{Params, WORK_WORDS},
    pipeline::{Options, Verifier},
    program::{Curve, Program, Purpose},
    wgpu::{Wgpu, Words, adapters},
};

fn words() -> Vec<Words> {
    match std::env::var("WORDS").as_deref() {
        Ok("64") => vec![Words::Native],
        Ok("32") => vec![Words::Only32],
        _ => vec![Words::Native, Words::Only32],
    }
}

/// Processor time of this process in ms.
fn cpu() -> u128 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<u128>().unwrap() + fields[12].parse::<u128>().unwrap()) * 10
}

#[test]
#[ignore = "by hand"]
fn compile() {
    let adapters = adapters().unwrap();
    for words in words() {
        let device = Wgpu::open(&adapters[0], words, std::env::var("CACHE").ok().map(|folder| Cache::new(PathBuf::from(folder)))).unwrap();
        let tables = device.tables(1 << 22, &[]).unwrap();
        let mut slot = device.slot(SlotBytes { input: 1 << 16, work: 64 * 4 * WORK_WORDS, output: 1 << 16 }, &tables).unwrap();
        for purpose in [
            Purpose::Verify(Curve::Secp256k1),
            Purpose::Verify(Curve::P256),
            Purpose::Verify(Curve::Sm2),
            Purpose::Recover,
            Purpose::KnownKeys(Curve::P256),
        ] {
            let program = Program::new(purpose);
            let mut total = 0;
            for kernel in program.kernels.clone() {
                let mut one = program.clone();
                one.kernels = vec![kernel];
                let begun = cpu();
                let compiled = device.compile(&one).unwrap();
                let compile = cpu() - begun;
                let mut launch = |flags| {
                    let begun = cpu();
                    let params = Params { items: 0, lanes: 64, flags, ..Params::default() };
                    let _ = device.wait(&mut slot, Duration::from_secs(1));
                    device.submit(&compiled, &mut slot, &[0; 64], &[Launch { kernel: 0, groups: 1, params }], 64, 7).unwrap();
                    device.wait(&mut slot, Duration::from_secs(100)).unwrap();
                    cpu() - begun
                };
                let first = launch(0);
                let second = launch(0);
                total += compile + first;
                println!("{words:?} {} {kernel}: compile {compile} ms, first {first} ms, second {second} ms", program.name);
            }
            println!("{words:?} {}: TOTAL {total} ms", program.name);
        }
    }
}

#[test]
#[ignore = "by hand"]
fn rates() {
    let adapters = adapters().unwrap();
    for words in words() {
        let device = Wgpu::open(&adapters[0], words, None).unwrap();
        let verifier = Verifier::new(device, &Options::default()).unwrap();
        for curve in Curve::ALL {
            let answers: Vec<_> = known_answers::all().iter().filter(|answer| Curve::of(answer.item.shape.scheme) == curve).collect();
            let shape = answers[0].item.shape;
            let mut batch = Batch::new(shape);
            let mut answers = answers.iter().filter(|answer| answer.item.shape == shape && answer.verdict.is_valid()).cycle();
            while batch.len() < 1024 {
                answers.next().unwrap().item.push_into(&mut batch).unwrap();
            }
            let begun = cpu();
            verifier.measure_kernels(&batch, 1).unwrap();
            let cold = cpu() - begun;
            let (begun, wall) = (cpu(), Instant::now());
            let time = verifier.measure_kernels(&batch, 2).unwrap();
            let used = cpu() - begun;
            println!("{words:?} {}: cold {cold} ms of cpu; {} items, {:.0} a second of one core, {:.0} by the clock", curve.name(), time.items, 3000.0 * time.items as f64 / used as f64, 3.0 * time.items as f64 / wall.elapsed().as_secs_f64());
        }
    }
}
