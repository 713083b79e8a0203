//! The pool over workers that do what a test wants.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use chainbox_engine::hash::Digest;

use super::{Bounds, Pool, Worker};
use crate::{Deadline, Error, Kind, Label, Signature};

const BOUNDS: Bounds = Bounds { workers_min: 1, workers_max: 4, hung_max: 1, queue_max: 8, idle: Duration::from_secs(60) };

type Script = dyn Fn(&Digest) -> Result<(), Error> + Send + Sync;

/// Signs by writing the digest twice, after the script.
struct Scripted(Arc<Script>);

impl Worker for Scripted {
    fn connect(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn sign(&mut self, _: &Label, digest: &Digest) -> Result<Signature, Error> {
        self.0(digest)?;
        Ok(twice(digest))
    }
}

fn twice(digest: &Digest) -> Signature {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(digest);
    signature[32..].copy_from_slice(digest);
    signature
}

fn pool(bounds: Bounds, script: impl Fn(&Digest) -> Result<(), Error> + Send + Sync + 'static) -> Pool<Scripted> {
    let script: Arc<Script> = Arc::new(script);
    Pool::new("test".to_owned(), bounds, move || Scripted(Arc::clone(&script)))
}

fn digests(count: u8) -> Vec<Digest> {
    (0..count).map(|index| [index; 32]).collect()
}

fn key() -> Label {
    "key".parse().expect("a label")
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

#[test]
fn a_batch_is_shared_and_its_answers_stand_in_order() {
    let (together, threads) = (Arc::new(Barrier::new(4)), Arc::new(Mutex::new(BTreeSet::<String>::new())));
    let seen = Arc::clone(&threads);
    // None of the first four goes on before four threads came.
    let pool = pool(BOUNDS, move |digest| {
        if digest[0] < 4 {
            together.wait();
        }
        seen.lock().expect("whole").insert(name(thread::current().id()));
        Ok(())
    });
    let digests = digests(100);
    let signatures = pool.sign(&key(), &digests, soon()).expect("signatures");
    assert_eq!(signatures, digests.iter().map(twice).collect::<Vec<_>>());
    assert_eq!(threads.lock().expect("whole").len(), 4);
}

fn name(id: ThreadId) -> String {
    format!("{id:?}")
}

#[test]
fn one_digest_that_fails_fails_its_call_alone() {
    let pool = pool(BOUNDS, |digest| if digest[0] == 7 { Err(Error::new(Kind::DeviceFailed, "test", "seven")) } else { Ok(()) });
    assert_eq!(pool.sign(&key(), &digests(20), soon()).expect_err("seven fails").what, "seven");
    pool.sign(&key(), &digests(7), soon()).expect("without it all is well");
}

#[test]
fn a_panic_is_an_error_of_the_call_and_the_pool_serves_on() {
    let pool = pool(BOUNDS, |digest| if digest[0] == 1 { panic!("an answer that makes no sense") } else { Ok(()) });
    assert_eq!(pool.sign(&key(), &digests(2), soon()).expect_err("it broke").kind, Kind::DeviceFailed);
    assert_eq!(pool.call(soon(), |_| -> Result<(), Error> { panic!("this too") }).expect_err("it broke").kind, Kind::DeviceFailed);
    pool.sign(&key(), &digests(1), soon()).expect("a signature");
}

#[test]
fn calls_beyond_the_queue_are_refused() {
    let hold = Arc::new(Mutex::new(()));
    let (held, entered) = (Arc::clone(&hold), Arc::new(AtomicUsize::new(0)));
    let inside = Arc::clone(&entered);
    let pool = pool(Bounds { workers_max: 1, ..BOUNDS }, move |_| {
        inside.fetch_add(1, Ordering::SeqCst);
        drop(held.lock());
        Ok(())
    });
    let kinds: Vec<Option<Kind>> = thread::scope(|scope| {
        let guard = hold.lock().expect("whole");
        let first = scope.spawn(|| pool.sign(&key(), &digests(1), soon()));
        while entered.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        let others: Vec<_> = (0..BOUNDS.queue_max + 3).map(|_| scope.spawn(|| pool.sign(&key(), &digests(1), soon()))).collect();
        while others.iter().filter(|caller| caller.is_finished()).count() < 3 {
            thread::yield_now();
        }
        drop(guard);
        first.join().expect("no panic").expect("a signature");
        others.into_iter().map(|caller| caller.join().expect("no panic").err().map(|error| error.kind)).collect()
    });
    assert_eq!(kinds.iter().filter(|kind| kind.is_none()).count(), BOUNDS.queue_max, "as many as may wait are served");
    assert_eq!(kinds.iter().filter(|kind| **kind == Some(Kind::Busy)).count(), 3, "{kinds:?}");
}

#[test]
fn a_device_that_grants_few_sessions_is_used_with_those() {
    struct Few(Arc<AtomicUsize>, bool);
    impl Worker for Few {
        fn connect(&mut self) -> Result<(), Error> {
            self.1 = self.1 || self.0.fetch_add(1, Ordering::SeqCst) < 2;
            if self.1 { Ok(()) } else { Err(Error::new(Kind::DeviceFull, "test", "two sessions are all")) }
        }

        fn sign(&mut self, _: &Label, digest: &Digest) -> Result<Signature, Error> {
            Ok(twice(digest))
        }
    }
    let sessions = Arc::new(AtomicUsize::new(0));
    let pool = Pool::new("test".to_owned(), BOUNDS, move || Few(Arc::clone(&sessions), false));
    pool.call(soon(), |_| Ok(())).expect("the first session");
    for round in 0..50 {
        pool.sign(&key(), &digests(40), soon()).unwrap_or_else(|error| panic!("round {round}: {error}"));
    }
}
