//! Compilation and verdicts through wgpu.
#![cfg(feature = "wgpu")]

use std::time::Instant;

use chainbox_engine::hash::Hash;
use chainbox_kernels::{
    device::Device as _,
    pipeline::{Options, Verifier},
    program::{Curve, Program, Purpose},
    wgpu::{Wgpu, Words, adapters},
};

#[test]
fn compile() {
    let adapters = adapters().unwrap();
    for words in [Words::Native, Words::Only32] {
        for purpose in [
            Purpose::Verify(Curve::Secp256k1),
            Purpose::Verify(Curve::P256),
            Purpose::Verify(Curve::Sm2),
            Purpose::Recover,
            Purpose::KnownKeys(Curve::P256),
            Purpose::Digest(Hash::Keccak256),
        ] {
            let device = Wgpu::open(&adapters[0], words, None).unwrap();
            let program = Program::new(purpose);
            for kernel in program.kernels.clone() {
                let mut one = program.clone();
                one.kernels = vec![kernel];
                let begun = Instant::now();
                if let Err(error) = device.compile(&one) {
                    println!("{error}");
                    return;
                }
                println!("{words:?} {} {kernel}: {} ms", program.name, begun.elapsed().as_millis());
            }
        }
    }
}

#[test]
fn contract() {
    let adapters = adapters().unwrap();
    let device = Wgpu::open(&adapters[0], Words::Native, None).unwrap();
    let verifier = Verifier::new(device, &Options::default()).unwrap();
    chainbox_engine::backend::contract::check(&verifier).unwrap();
}
