//! Many callers, and a child that is killed under them.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use chainbox_hsm::{Deadline, Device, Kind};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::{Bench, device::Fault, label, verifies};

const SEED: u64 = 6;
const CALLERS: usize = 8;
const KILLS: usize = 12;
/// How much later than its deadline a call may return on a machine that is busy with other things.
const SLACK: Duration = Duration::from_secs(5);

fn digest(caller: usize, call: usize) -> [u8; 32] {
    chainbox_engine::hash::sha256(format!("{caller} {call}").as_bytes())
}

/// Signs once; whether there was a signature, which is right then.
fn sign(bench: &Bench, digest: [u8; 32], time: Duration) -> bool {
    let begin = Instant::now();
    let signed = bench.device.sign(&label("kept"), &[digest], Deadline::after(time));
    assert!(begin.elapsed() < time + SLACK, "a caller was held for {:?}", begin.elapsed());
    match signed {
        Ok(signatures) => {
            assert!(verifies(bench.folder.path(), &digest, &signatures[0]));
            true
        }
        Err(error) => {
            assert!(matches!(error.kind, Kind::Crashed | Kind::Deadline), "{error}");
            assert!(!error.place.is_empty() && !error.what.is_empty());
            false
        }
    }
}

#[test]
fn a_child_that_is_killed_under_load_loses_no_request() {
    let bench = Bench::start(Fault::None);
    let (is_over, answered, signed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (bench, is_over, answered, signed) = (&bench, &is_over, &answered, &signed);
            scope.spawn(move || {
                for call in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let is_signed = sign(bench, digest(caller, call), Duration::from_secs(20));
                    answered.fetch_add(1, Ordering::Relaxed);
                    signed.fetch_add(usize::from(is_signed), Ordering::Relaxed);
                }
            });
        }
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        for _ in 0..KILLS {
            thread::sleep(Duration::from_millis(random.next_u64() % 100));
            crate::until("a child runs", || bench.device.state().pid.is_some());
            if let Some(pid) = bench.device.state().pid {
                // It may have been killed by the one before, and its place not taken yet.
                let _ = kill(Pid::from_raw(i32::try_from(pid).expect("a process id")), Signal::SIGKILL);
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let (answered, signed) = (answered.into_inner(), signed.into_inner());
    assert!(bench.device.state().restarts > 0);
    // Kills that come faster than children start may meet one request three times in a row; hardly ever more than a few.
    assert!(signed * 10 >= answered * 9, "{signed} of {answered} were signed");
    bench.signs([1; 32]);
}

/// One kill: everybody is served, and signing goes on at once. What it took is printed; what is asserted holds on a machine that is busy with other things.
#[test]
fn signing_goes_on_soon_after_a_kill() {
    let bench = Bench::start(Fault::None);
    let (is_over, unsigned) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (bench, is_over, unsigned) = (&bench, &is_over, &unsigned);
            scope.spawn(move || {
                for call in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                    unsigned.fetch_add(usize::from(!sign(bench, digest(caller, call), Duration::from_secs(20))), Ordering::Relaxed);
                }
            });
        }
        thread::sleep(Duration::from_millis(200));
        let begin = Instant::now();
        crate::kill(&bench);
        crate::until("the child is replaced", || bench.device.state().restarts == 1);
        bench.signs([2; 32]);
        println!("signing again {:?} after the kill", begin.elapsed());
        assert!(begin.elapsed() < Duration::from_secs(1) + SLACK);
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(unsigned.into_inner(), 0);
}

#[test]
fn a_thousand_callers_are_answered_before_their_deadlines() {
    let bench = Bench::start(Fault::None);
    let signed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for caller in 0..1000 {
            let (bench, signed) = (&bench, &signed);
            scope.spawn(move || signed.fetch_add(usize::from(sign(bench, digest(caller, 0), Duration::from_secs(60))), Ordering::Relaxed));
        }
    });
    assert_eq!(signed.into_inner(), 1000);
}

/// More than the child can do: whoever gets no signature is told so in time, and nobody is killed for it.
#[test]
fn callers_that_cannot_all_be_served_are_told_in_time() {
    let bench = Bench::try_start(Fault::Slow(200), |options| options.grace_ms = 60_000).expect("a device");
    let mut slow = digest(0, 0);
    slow[0] = crate::device::TRIGGER;
    let signed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..300 {
            let (bench, signed) = (&bench, &signed);
            scope.spawn(move || signed.fetch_add(usize::from(sign(bench, slow, Duration::from_millis(1000))), Ordering::Relaxed));
        }
    });
    assert!((1..300).contains(&signed.into_inner()));
    assert_eq!(bench.device.state().restarts, 0);
}
