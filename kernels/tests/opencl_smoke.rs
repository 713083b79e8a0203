//! The kernels on the first OpenCL device.
use std::time::Instant;

use chainbox_engine::backend::{contract, known_answers};
use chainbox_kernels::{
    cache::Cache,
    device::Device,
    opencl::OpenCl,
    pipeline::{Options, Verifier},
    program::{Curve, Program, Purpose},
};

fn device(cache: bool) -> OpenCl {
    let cache = cache.then(|| Cache::new("/tmp/a-cache".into()));
    OpenCl::all().unwrap()[0].open(cache).unwrap()
}

#[test]
fn compiles() {
    let device = device(true);
    for curve in Curve::ALL {
        for purpose in [Purpose::Verify(curve), Purpose::KnownKeys(curve)] {
            let begin = Instant::now();
            let compiled = device.compile(&Program::new(purpose));
            eprintln!("{purpose:?} {:?}", begin.elapsed());
            compiled.unwrap_or_else(|error| panic!("{error}"));
        }
    }
    let begin = Instant::now();
    device.compile(&Program::new(Purpose::Recover)).unwrap_or_else(|error| panic!("{error}"));
    eprintln!("recover {:?}", begin.elapsed());
}

#[test]
fn known() {
    let backend = Verifier::new(device(true), &Options { slot_items: Some(256), ..Options::default() }).unwrap();
    eprintln!("{:?}", known_answers::check(&backend));
}

#[test]
fn contract_holds() {
    let backend = Verifier::new(device(true), &Options { slot_items: Some(4096), ..Options::default() }).unwrap();
    match contract::check(&backend) { Ok(r) => eprintln!("{r:?}"), Err(e) => panic!("{e}") }
}
