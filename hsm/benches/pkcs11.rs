//! P-256 signatures a second on SoftHSM: the adapter beside a bare loop over the module, in one run and in turns, so that both see the same machine.
//!
//! `cargo bench -p chainbox-hsm --bench pkcs11`; `CHAINBOX_BENCH_ROUNDS=N` for more than the 15 rounds of each.

#[path = "../tests/softhsm/mod.rs"]
mod softhsm;

use std::{
    env,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chainbox_engine::hash::{Digest, sha256};
use chainbox_hsm::{
    Algorithm, Device, Label,
    pkcs11::{Options, Pkcs11},
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

fn adapter(device: &Pkcs11, key: &Label, callers: usize, batch: usize) -> f64 {
    let digests = digests();
    rate(callers, || {
        let mut turns = digests.chunks_exact(batch).cycle();
        move || device.sign(key, turns.next().expect("one"), soon()).expect("signatures").len()
    })
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() {
    // Cargo's tests start it without this flag, to see whether it starts.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rounds = env::var("CHAINBOX_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let key: Label = "bench".parse().expect("a label");
    open(options(TOKEN)).generate(&key, Algorithm::EcdsaP256, soon()).expect("a key");
    println!("threads  callers  batch   bare/s  adapter/s  ratio (median of {rounds} rounds)");
    for threads in THREADS {
        let device = open(Options { sessions_min: threads, sessions_max: threads, ..options(TOKEN) });
        let library = Library::new(softhsm::module()).expect("the module");
        let slots = library.get_slots_with_token().expect("slots");
        let mut ours = slots.into_iter().filter(|slot| library.get_token_info(*slot).is_ok_and(|token| token.label().trim_end() == TOKEN));
        let slot = ours.next().expect("the token");
        for (callers, batch) in CALLERS {
            let pairs: Vec<(f64, f64)> = (0..rounds)
                .map(|round| {
                    // Each goes first in every other round.
                    let first = (round % 2 == 0).then(|| bare(&library, slot, &key, threads));
                    let own = adapter(&device, &key, threads * callers, batch);
                    (first.unwrap_or_else(|| bare(&library, slot, &key, threads)), own)
                })
                .collect();
            let (bare, own) = (median(pairs.iter().map(|pair| pair.0).collect()), median(pairs.iter().map(|pair| pair.1).collect()));
            let ratio = median(pairs.iter().map(|pair| pair.1 / pair.0).collect());
            println!("{threads:7}  {:7}  {batch:5}  {bare:7.0}  {own:9.0}  {ratio:.3}", threads * callers);
        }
    }
}
