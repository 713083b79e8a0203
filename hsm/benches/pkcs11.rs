//! P-256 signatures a second on SoftHSM: the adapter in this process and in a child, beside a bare loop over the module; in one run and in turns, so that all
//! see the same machine.
//!
//! `cargo bench -p chainbox-hsm --bench pkcs11`; `CHAINBOX_BENCH_ROUNDS=N` for more than the 15 rounds of each.

#[path = "../tests/softhsm/mod.rs"]
mod softhsm;

use std::{
    env,
    process::ExitCode,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chainbox_engine::hash::{Digest, sha256};
use chainbox_hsm::{
    Algorithm, Device, DeviceOptions, Label,
    isolated::{self, Isolated},
    options::PIN,
    pkcs11::Options,
};
use cryptoki::{
    context::Pkcs11 as Library,
    mechanism::Mechanism,
    object::{Attribute, ObjectClass},
    slot::Slot,
};
use softhsm::{TOKEN, open, options, soon};

/// How long one measurement of a round takes.
const SLICE: Duration = Duration::from_millis(400);

const ROUNDS: usize = 15;

/// Threads in the module.
const THREADS: [usize; 3] = [1, 2, 4];

/// Who asks the adapter: so many callers for each thread in the module, with so many digests a call.
const CALLERS: [(usize, usize); 4] = [(1, 1), (4, 1), (1, 16), (1, 64)];

/// Digests, of which each is signed in turn.
fn digests() -> Vec<Digest> {
    (0..64_u32).map(|index| sha256(&index.to_be_bytes())).collect()
}

/// Signatures a second of so many threads that each call `sign` over and over; it gives how many it made.
fn rate<S: FnMut() -> usize>(threads: usize, begin: impl Fn() -> S + Sync) -> f64 {
    let (together, over) = (Barrier::new(threads + 1), AtomicBool::new(false));
    let one = || {
        let mut sign = begin();
        sign();
        together.wait();
        let (began, mut made) = (Instant::now(), 0);
        while !over.load(Ordering::Relaxed) {
            made += sign();
        }
        made as f64 / began.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        together.wait();
        thread::sleep(SLICE);
        over.store(true, Ordering::Relaxed);
        running.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

fn bare(library: &Library, slot: Slot, key: &Label, threads: usize) -> f64 {
    let digests = digests();
    rate(threads, || {
        let session = library.open_rw_session(slot).expect("a session");
        let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(key.as_str().into())];
        let handle = session.find_objects(&template).expect("found")[0];
        let mut turns = digests.iter().cycle();
        move || {
            session.sign(&Mechanism::Ecdsa, handle, turns.next().expect("one")).expect("a signature");
            1
        }
    })
}

fn adapter(device: &dyn Device, key: &Label, callers: usize, batch: usize) -> f64 {
    let digests = digests();
    rate(callers, || {
        let mut turns = digests.chunks_exact(batch).cycle();
        move || device.sign(key, turns.next().expect("one"), soon()).expect("signatures").len()
    })
}

/// The same token in a child, which runs this program.
fn child(options: Options) -> Isolated {
    let isolation = isolated::Options { program: Some(env::current_exe().expect("a program")), ..isolated::Options::default() };
    let secrets = [(PIN.to_owned(), softhsm::pin())].into();
    DeviceOptions::Pkcs11(options).isolate("pkcs11:bench", secrets, isolation).unwrap_or_else(|error| panic!("{error}"))
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut of: Vec<f64> = of.collect();
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// So many rounds of the three, which go first by turns; one row of the table.
fn row(rounds: usize, measure: [&dyn Fn() -> f64; 3]) -> String {
    let mut rates = vec![[0.0; 3]; rounds];
    for (round, rates) in rates.iter_mut().enumerate() {
        for place in 0..measure.len() {
            let which = (round + place) % measure.len();
            rates[which] = measure[which]();
        }
    }
    let [bare, own, isolated] = [0, 1, 2].map(|which| median(rates.iter().map(|rates| rates[which])));
    let [own_ratio, isolated_ratio] = [1, 2].map(|which| median(rates.iter().map(|rates| rates[which] / rates[0])));
    format!("{bare:7.0}  {own:9.0} {own_ratio:6.3}  {isolated:7.0} {isolated_ratio:6.3}")
}

fn main() -> ExitCode {
    if env::args().nth(1).is_some_and(|argument| argument == "hsm-host") {
        return isolated::host();
    }
    // Cargo's tests start it without this flag, to see whether it starts.
    if env::args().any(|argument| argument == "--bench") {
        measure();
    }
    ExitCode::SUCCESS
}

fn measure() {
    let rounds = env::var("CHAINBOX_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let key: Label = "bench".parse().expect("a label");
    open(options(TOKEN)).generate(&key, Algorithm::EcdsaP256, soon()).expect("a key");
    println!("medians of {rounds} rounds");
    println!("threads  callers  batch   bare/s  adapter/s  ratio  child/s  ratio");
    for threads in THREADS {
        let of_threads = Options { sessions_min: threads, sessions_max: threads, ..options(TOKEN) };
        let (device, isolated) = (open(of_threads.clone()), child(of_threads));
        let library = Library::new(softhsm::module()).expect("the module");
        let slots = library.get_slots_with_token().expect("slots");
        let mut ours = slots.into_iter().filter(|slot| library.get_token_info(*slot).is_ok_and(|token| token.label().trim_end() == TOKEN));
        let slot = ours.next().expect("the token");
        for (callers, batch) in CALLERS {
            let callers = threads * callers;
            let measured = row(
                rounds,
                [&|| bare(&library, slot, &key, threads), &|| adapter(&device, &key, callers, batch), &|| {
                    adapter(&isolated, &key, callers, batch)
                }],
            );
            println!("{threads:7}  {callers:7}  {batch:5}  {measured}");
        }
    }
}
