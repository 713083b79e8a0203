//! The signer above the file of keys, and above a device that does what a test says.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::SystemTime,
};

use chainbox_engine::{
    hash::{Digest, sha256},
    scheme::Scheme,
};

use futures_util::FutureExt;

use super::*;
use crate::{
    Payload, Signature,
    device::contract,
    payload::{SM2_ID, Step, digest},
    signer::policy::{CallerPolicy, KeyPolicy},
    software::Software,
};

/// A device whose signatures a test gets in the hands.
struct Faulty {
    inner: Software,
    calls: AtomicUsize,
    digests: Mutex<Vec<usize>>,
    fault: Box<Fault>,
}

/// What becomes of a call: its number, and what the device below answered.
type Fault = dyn Fn(usize, Vec<Signature>) -> Result<Vec<Signature>, Error> + Send + Sync;

impl Device for Faulty {
    fn name(&self) -> &str {
        "faulty"
    }

    fn capabilities(&self, deadline: Deadline) -> Result<Capabilities, Error> {
        self.inner.capabilities(deadline)
    }

    fn keys(&self, deadline: Deadline) -> Result<Vec<KeyInfo>, Error> {
        self.inner.keys(deadline)
    }

    fn key(&self, label: &Label, deadline: Deadline) -> Result<KeyInfo, Error> {
        self.inner.key(label, deadline)
    }

    fn generate(&self, label: &Label, algorithm: Algorithm, deadline: Deadline) -> Result<PublicKey, Error> {
        self.inner.generate(label, algorithm, deadline)
    }

    fn destroy(&self, label: &Label, deadline: Deadline) -> Result<(), Error> {
        self.inner.destroy(label, deadline)
    }

    fn random(&self, bytes: &mut [u8], deadline: Deadline) -> Result<(), Error> {
        self.inner.random(bytes, deadline)
    }

    fn sign(&self, label: &Label, digests: &[Digest], deadline: Deadline) -> Result<Vec<Signature>, Error> {
        // Counted where it has come so far: on a busy machine a short deadline may pass before.
        let signatures = self.inner.sign(label, digests, deadline)?;
        let call = self.calls.fetch_add(1, SeqCst);
        self.digests.lock().expect("no test panics here").push(digests.len());
        (self.fault)(call, signatures)
    }
}

struct Bench {
    folder: tempfile::TempDir,
    device: Arc<Faulty>,
}

/// A device with a key of each kind, whose calls go through `fault`.
fn bench(fault: impl Fn(usize, Vec<Signature>) -> Result<Vec<Signature>, Error> + Send + Sync + 'static) -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = crate::software::tests::cheap(folder.path());
    for (name, algorithm) in [("validator", Algorithm::Sm2), ("wallet", Algorithm::EcdsaSecp256k1), ("web", Algorithm::EcdsaP256)] {
        inner.generate(&label(name), algorithm, soon()).expect("a key");
    }
    let (calls, digests) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    Bench { folder, device: Arc::new(Faulty { inner, calls, digests, fault: Box::new(fault) }) }
}

fn good(_call: usize, signatures: Vec<Signature>) -> Result<Vec<Signature>, Error> {
    Ok(signatures)
}

/// After so long beyond its deadline, a thread counts as held.
const LATE_ENOUGH: Duration = Duration::from_millis(500);

fn label(name: &str) -> Label {
    name.parse().expect("a label")
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

fn policy() -> Policy {
    let key = |scheme, roles: &[Role], chain: Option<&str>| KeyPolicy {
        scheme,
        roles: roles.to_vec(),
        chain: chain.map(str::to_owned),
        sm2_id: None,
        valid_until: None,
    };
    let keys = [
        ("validator", key(Scheme::Sm2Sm3, &[Role::Vote, Role::Block], Some("test-1"))),
        ("wallet", key(Scheme::EcdsaSecp256k1Keccak256, &[Role::Transaction, Role::Opaque], None)),
        ("web", key(Scheme::EcdsaP256Sha256, &[Role::Tls, Role::Transaction], None)),
    ];
    let caller =
        |keys: &[(&str, &[Role])]| CallerPolicy { keys: keys.iter().map(|(key, roles)| ((*key).to_owned(), roles.to_vec())).collect() };
    let callers = [
        ("node", caller(&[("validator", &[Role::Vote, Role::Block]), ("wallet", &[Role::Transaction])])),
        ("all", caller(&[("wallet", &[Role::Transaction, Role::Opaque]), ("web", &[Role::Tls, Role::Transaction])])),
    ];
    let own = |(name, value): (&str, _)| (name.to_owned(), value);
    Policy {
        keys: keys.into_iter().map(own).collect(),
        callers: callers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

impl Bench {
    fn options(&self) -> Options {
        let guard = self.folder.path().join("guard");
        if !guard.exists() {
            Guard::create(&guard).expect("a guard");
        }
        Options { policy: policy(), check_signatures: true, guard: Some(guard), ..Options::default() }
    }

    fn signer(&self) -> Local {
        self.with(self.options())
    }

    fn with(&self, options: Options) -> Local {
        Local::open(Arc::clone(&self.device) as Arc<dyn Device>, options, Arc::new(())).expect("a signer")
    }
}

fn caller(name: &str) -> Caller {
    Caller(name.to_owned())
}

fn request(key: &str, payload: Payload) -> SignRequest {
    SignRequest { key: label(key), payload }
}

fn transaction(number: usize) -> SignRequest {
    request("wallet", Payload::Transaction(format!("transaction {number}").into_bytes()))
}

async fn one(signer: &Local, from: &str, request: SignRequest) -> Result<Signed, Error> {
    signer.sign(&caller(from), vec![request], soon()).await.remove(0)
}

fn tls() -> Payload {
    Payload::Tls([&[b' '; 64][..], b"TLS 1.3, server CertificateVerify\0", &[7; 32]].concat())
}

/// What is signed verifies in the engine, over the message itself where there is one.
#[tokio::test]
async fn every_role_gets_a_signature_that_the_engine_verifies() {
    let bench = bench(good);
    let signer = bench.signer();
    for (from, request) in [
        ("node", transaction(0)),
        ("node", request("validator", vote("test-1", 1))),
        ("node", request("validator", Payload::Block { chain: "test-1".to_owned(), height: 2, round: 0, block: [7; 32] })),
        ("all", request("wallet", Payload::Opaque(sha256(b"somebody's")))),
        ("all", request("web", tls())),
        ("all", request("web", Payload::Transaction(vec![0xf8; 200]))),
    ] {
        let signed = one(&signer, from, request.clone()).await.unwrap_or_else(|error| panic!("{request:?}: {error}"));
        let key = signer.key(&request.key, soon()).await.expect("a key");
        assert_eq!(signed.public_key, key.public_key);
        let digest = digest(&request.payload, signed.scheme, &signed.public_key, SM2_ID).expect("a digest");
        assert!(contract::verifies(&key, &digest, &signed.signature), "{request:?}");
    }
}

/// A key that another one takes the place of signs until its time is over, and not from then on.
#[tokio::test]
async fn a_key_is_refused_once_its_time_is_over() {
    let bench = bench(good);
    let signer = bench.signer();
    for (until, is_over) in [(SystemTime::now() + Duration::from_secs(3600), false), (SystemTime::now() - Duration::from_secs(1), true)] {
        let mut policy = policy();
        policy.keys.get_mut("wallet").expect("it is there").valid_until = Some(until);
        signer.set_policy(policy).expect("a policy");
        let answer = one(&signer, "node", transaction(0)).await;
        assert_eq!(answer.as_ref().err().map(|error| error.kind), is_over.then_some(Kind::Refused), "{answer:?}");
    }
}

#[tokio::test]
async fn what_the_policy_does_not_allow_is_refused() {
    let bench = bench(good);
    let signer = bench.signer();
    let opaque = Payload::Opaque([7; 32]);
    for (from, request, part) in [
        ("nobody", transaction(0), "no caller"),
        ("node", request("web", tls()), "may not use it"),
        ("node", request("wallet", opaque.clone()), "under the role opaque"),
        ("all", request("web", opaque), "under the role opaque"),
        ("all", request("other", tls()), "may not use it"),
        ("node", request("validator", Payload::Audit { records: 1, head: [7; 32] }), "under the role audit"),
        ("node", request("validator", vote("test-2", 1)), "another chain"),
    ] {
        let error = one(&signer, from, request.clone()).await.expect_err(part);
        assert_eq!(error.kind, Kind::Refused, "{request:?}");
        assert!(error.what.contains(part), "{error}");
    }
    assert_eq!(bench.device.calls.load(SeqCst), 0, "the device was not asked");
}

fn vote(chain: &str, height: u64) -> Payload {
    Payload::Vote { chain: chain.to_owned(), height, round: 0, step: Step::Prevote, block: Some([7; 32]) }
}

#[tokio::test]
async fn one_bad_request_costs_no_other() {
    let bench = bench(good);
    let signer = bench.signer();
    let requests = vec![transaction(0), request("wallet", Payload::Transaction(vec![])), request("web", tls()), transaction(1)];
    let answers = signer.sign(&caller("all"), requests, soon()).await;
    let kinds: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().map(|error| error.kind)).collect();
    assert_eq!(kinds, [None, Some(Kind::Input), None, None]);
}

#[tokio::test]
async fn ecdsa_signatures_have_the_lower_s() {
    let n = chainbox_engine::field::limbs::from_hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let bench = bench(move |_, mut signatures| {
        for signature in &mut signatures {
            let s = chainbox_engine::field::limbs::from_be_bytes(signature[32..].try_into().expect("32 bytes"));
            signature[32..].copy_from_slice(&chainbox_engine::field::limbs::to_be_bytes(&chainbox_engine::field::limbs::sub(&n, &s).0));
        }
        Ok(signatures)
    });
    let signer = bench.signer();
    for number in 0..16 {
        let signed = one(&signer, "node", transaction(number)).await.expect("a signature");
        assert!(signed.signature[32] < 0x80, "an s in the upper half");
    }
}

#[tokio::test]
async fn a_wrong_signature_does_not_leave() {
    let bench = bench(|call, mut signatures| {
        if call == 0 {
            signatures[0][40] ^= 1;
        }
        Ok(signatures)
    });
    let signer = bench.signer();
    assert_eq!(one(&signer, "node", transaction(0)).await.expect_err("wrong").kind, Kind::DeviceFailed);
    one(&signer, "node", transaction(0)).await.expect("the next one is right");
}

#[tokio::test]
async fn too_few_signatures_are_a_failure() {
    let bench = bench(|_, _| Ok(Vec::new()));
    assert_eq!(one(&bench.signer(), "node", transaction(0)).await.expect_err("none").kind, Kind::DeviceFailed);
}

#[tokio::test]
async fn a_device_that_panics_costs_what_it_had_in_hand() {
    let bench = bench(|call, signatures| if call == 0 { panic!("the module") } else { Ok(signatures) });
    let signer = bench.signer();
    assert_eq!(one(&signer, "node", transaction(0)).await.expect_err("panicked").kind, Kind::DeviceFailed);
    one(&signer, "node", transaction(1)).await.expect("a signature");
}

/// A call that hangs holds its callers until their deadline and not longer, and others are served meanwhile.
#[tokio::test]
async fn a_device_that_hangs_holds_nobody_beyond_the_deadline() {
    let (free, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let bench = bench(move |call, signatures| {
        if call == 0 {
            // The test's end, or a free, lets it go.
            held.lock().expect("one call").recv().ok();
        }
        Ok(signatures)
    });
    let limits = Limits { workers: 1, workers_held: 1, ..Limits::default() };
    let signer = bench.with(Options { limits, ..bench.options() });
    while signer.threads_held() == 0 {
        let deadline = Deadline::after(Duration::from_millis(200));
        let late = signer.sign(&caller("node"), vec![transaction(0)], deadline).await.remove(0);
        assert_eq!(late.expect_err("it hangs").kind, Kind::Deadline);
        assert!(deadline.at().elapsed() < Duration::from_secs(20), "held far beyond the deadline");
        tokio::time::sleep(LATE_ENOUGH).await;
    }
    one(&signer, "node", transaction(1)).await.expect("another thread serves it");
    drop(free);
}

#[tokio::test]
async fn as_many_threads_are_given_up_as_the_limits_say() {
    let (free, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let bench = bench(move |_, signatures| {
        // The test's end lets them go.
        held.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
        Ok(signatures)
    });
    let limits = Limits { workers: 1, workers_held: 2, ..Limits::default() };
    let signer = bench.with(Options { limits, ..bench.options() });
    let error = loop {
        let deadline = Deadline::after(Duration::from_millis(100));
        let error = signer.sign(&caller("node"), vec![transaction(0)], deadline).await.remove(0).expect_err("it hangs");
        if error.kind != Kind::Deadline {
            break error;
        }
        assert!(bench.device.calls.load(SeqCst) <= 3, "more threads than the limits allow");
    };
    assert_eq!(error.kind, Kind::Busy);
    assert!(error.what.contains("all 3 threads"), "{error}");
    drop(free);
}

/// A thousand callers, one request each: all answered, gathered into fewer calls than there are requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_are_all_answered() {
    let bench = bench(|_, signatures| {
        // As long as a slow device takes for a call, so that requests wait together.
        thread::sleep(Duration::from_millis(2));
        Ok(signatures)
    });
    let signer = Arc::new(bench.with(Options { limits: Limits { workers: 4, ..Limits::default() }, ..bench.options() }));
    let callers: Vec<_> = (0..1000)
        .map(|number| {
            let signer = Arc::clone(&signer);
            tokio::spawn(async move { one(&signer, "node", transaction(number)).await })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic").expect("a signature before the deadline");
    }
    let calls = bench.device.digests.lock().expect("no panic").clone();
    assert_eq!(calls.iter().sum::<usize>(), 1000);
    assert!(calls.len() < 500, "{} calls: nothing was gathered", calls.len());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_as_busy() {
    let bench = bench(|_, signatures| {
        thread::sleep(Duration::from_millis(100));
        Ok(signatures)
    });
    let limits = Limits { workers: 1, caller_waiting: 4, batch: 1, ..Limits::default() };
    let signer = bench.with(Options { limits, ..bench.options() });
    let answers = signer.sign(&caller("node"), (0..16).map(transaction).collect(), soon()).await;
    let busy = answers.iter().filter(|answer| answer.as_ref().is_err_and(|error| error.kind == Kind::Busy)).count();
    let signed = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(busy + signed, 16);
    assert!(signed >= 4 && busy > 0, "{signed} signed");
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_signed() {
    let bench = bench(|_, signatures| {
        thread::sleep(Duration::from_millis(100));
        Ok(signatures)
    });
    let limits = Limits { workers: 1, batch: 1, ..Limits::default() };
    let signer = bench.with(Options { limits, ..bench.options() });
    let deadline = Deadline::after(Duration::from_millis(50));
    for answer in signer.sign(&caller("node"), (0..16).map(transaction).collect(), deadline).await {
        assert_eq!(answer.expect_err("too late").kind, Kind::Deadline);
    }
    one(&signer, "node", transaction(99)).await.expect("a signature");
    assert!(bench.device.calls.load(SeqCst) <= 3, "abandoned requests were signed");
}

#[tokio::test]
async fn keys_are_managed_through_the_signer() {
    let bench = bench(good);
    let signer = bench.signer();
    assert_eq!(signer.keys(soon()).await.expect("keys").len(), 3);
    let new = label("new");
    let public_key = signer.generate(&new, Algorithm::EcdsaP256, soon()).await.expect("a key");
    assert_eq!(signer.key(&new, soon()).await.expect("a key").public_key, public_key);
    signer.destroy(&new, soon()).await.expect("destroyed");
    assert_eq!(signer.key(&new, soon()).await.expect_err("destroyed").kind, Kind::NoKey);
    assert_eq!(signer.random(16, soon()).await.expect("bytes").len(), 16);
    assert_eq!(signer.random(RANDOM_BYTES_MAX + 1, soon()).await.expect_err("too many").kind, Kind::Input);
    assert_eq!(signer.capabilities(soon()).await.expect("capabilities").algorithms.len(), 3);
}

/// The public key is looked up once, and again where another key took the label.
#[tokio::test]
async fn a_key_that_was_replaced_is_noticed() {
    let bench = bench(good);
    let signer = bench.signer();
    let before = one(&signer, "node", transaction(0)).await.expect("a signature").public_key;
    bench.device.destroy(&label("wallet"), soon()).expect("destroyed behind the signer's back");
    bench.device.generate(&label("wallet"), Algorithm::EcdsaSecp256k1, soon()).expect("a key");
    assert_eq!(one(&signer, "node", transaction(0)).await.expect_err("another key signed").kind, Kind::DeviceFailed);
    assert_ne!(one(&signer, "node", transaction(0)).await.expect("a signature").public_key, before);
}

#[tokio::test]
async fn a_key_of_another_algorithm_than_the_settings_say_signs_nothing() {
    let bench = bench(good);
    let mut options = bench.options();
    options.policy.keys.get_mut("wallet").expect("a key").scheme = Scheme::Sm2Sm3;
    assert_eq!(one(&bench.with(options), "node", transaction(0)).await.expect_err("not SM2").kind, Kind::Refused);
}

fn vote_for(height: u64, step: Step, block: u8) -> SignRequest {
    request("validator", Payload::Vote { chain: "test-1".to_owned(), height, round: 0, step, block: Some([block; 32]) })
}

#[tokio::test]
async fn nothing_is_voted_twice_also_after_a_restart() {
    let bench = bench(good);
    for restarts in 0..2 {
        let signer = bench.signer();
        one(&signer, "node", vote_for(5, Step::Prevote, 1)).await.unwrap_or_else(|error| panic!("after {restarts} restarts: {error}"));
        for double in [vote_for(5, Step::Prevote, 2), vote_for(4, Step::Precommit, 1)] {
            assert_eq!(one(&signer, "node", double).await.expect_err("a second vote").kind, Kind::DoubleVote);
        }
    }
    assert_eq!(bench.device.calls.load(SeqCst), 2, "the device was asked for a second vote");
}

/// Where the device fails after the guard wrote, the same vote may be tried again and no other.
#[tokio::test]
async fn a_vote_that_the_device_failed_at_can_be_tried_again() {
    let bench = bench(|call, signatures| if call == 0 { Err(Error::new(Kind::DeviceGone, "faulty", "unplugged")) } else { Ok(signatures) });
    let signer = bench.signer();
    assert_eq!(one(&signer, "node", vote_for(5, Step::Prevote, 1)).await.expect_err("unplugged").kind, Kind::DeviceGone);
    assert_eq!(one(&signer, "node", vote_for(5, Step::Prevote, 2)).await.expect_err("another").kind, Kind::DoubleVote);
    one(&signer, "node", vote_for(5, Step::Prevote, 1)).await.expect("the same");
}

/// The votes of one caller are judged in the order in which they were asked for, however many threads there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn votes_keep_their_order() {
    let bench = bench(|_, signatures| {
        thread::sleep(Duration::from_millis(1));
        Ok(signatures)
    });
    let signer = bench.signer();
    let node = caller("node");
    let mut waiting = Vec::new();
    for height in 0..100 {
        let mut answer = signer.sign(&node, vec![vote_for(height, Step::Prevote, 1), vote_for(height, Step::Precommit, 1)], soon());
        // Asked for, not waited for.
        let asked = (&mut answer).now_or_never();
        waiting.push(async move {
            match asked {
                Some(answers) => answers,
                None => answer.await,
            }
        });
    }
    for (height, answers) in futures_util::future::join_all(waiting).await.into_iter().enumerate() {
        for answer in answers {
            answer.unwrap_or_else(|error| panic!("height {height}: {error}"));
        }
    }
}

/// Of many who ask for different votes at one place at once, one gets a signature.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_conflicting_votes_is_signed() {
    let bench = bench(good);
    let signer = Arc::new(bench.signer());
    let callers: Vec<_> = (0..64)
        .map(|block| {
            let signer = Arc::clone(&signer);
            tokio::spawn(async move { one(&signer, "node", vote_for(5, Step::Prevote, block)).await.map_err(|error| error.kind) })
        })
        .collect();
    let mut signed = 0;
    for caller in callers {
        match caller.await.expect("no panic") {
            Ok(_) => signed += 1,
            Err(kind) => assert_eq!(kind, Kind::DoubleVote),
        }
    }
    assert_eq!(signed, 1);
}

#[test]
fn settings_that_contradict_themselves_are_refused() {
    let bench = bench(good);
    let refused = |change: &dyn Fn(&mut Options)| {
        let mut options = bench.options();
        change(&mut options);
        let error = Local::open(Arc::clone(&bench.device) as Arc<dyn Device>, options, Arc::new(())).err().expect("refused");
        assert_eq!(error.kind, Kind::Input, "{error}");
        assert!(!error.remedy.is_empty(), "{error}");
        error.what
    };
    let key = |options: &mut Options, name: &str| options.policy.keys.remove(name).expect("a key");
    let with = |name: &'static str, change: &'static dyn Fn(&mut KeyPolicy)| {
        refused(&move |options: &mut Options| {
            let mut policy = key(options, name);
            change(&mut policy);
            options.policy.keys.insert(name.to_owned(), policy);
        })
    };
    assert!(with("validator", &|key| key.roles.push(Role::Opaque)).contains("opaque"));
    assert!(with("validator", &|key| key.chain = None).contains("chain"));
    assert!(with("wallet", &|key| key.chain = Some("test-1".to_owned())).contains("chain"));
    assert!(with("wallet", &|key| key.roles.push(Role::Tls)).contains("TLS"));
    assert!(with("wallet", &|key| key.roles.clear()).contains("no role"));
    assert!(with("wallet", &|key| key.sm2_id = Some("1".to_owned())).contains("SM2"));
    assert!(refused(&|options| drop(key(options, "wallet"))).contains("no key wallet"));
    assert!(refused(&|options| options.guard = None).contains("guard"));
    assert!(refused(&|options| options.limits.workers = 0).contains("workers"));
    let audit = |options: &mut Options| {
        let all = options.policy.callers.get_mut("all").expect("a caller");
        all.keys.get_mut("web").expect("a key").push(Role::Audit);
    };
    assert!(refused(&audit).contains("audit"));
}

impl Bench {
    /// With a log whose head the key `audit` signs after two records.
    fn logged(&self) -> Options {
        let mut options = self.options();
        let key = KeyPolicy { scheme: Scheme::EcdsaP256Sha256, roles: vec![Role::Audit], chain: None, sm2_id: None, valid_until: None };
        options.policy.keys.insert("audit".to_owned(), key);
        self.device.generate(&label("audit"), Algorithm::EcdsaP256, soon()).ok();
        let log = audit::Options::new(self.folder.path().join("log"));
        options.audit = Some(audit::Options { head_key: Some(label("audit")), head_records: 2, sync_ms: 10, file_bytes: 1 << 16, ..log });
        options
    }

    fn report(&self) -> audit::Report {
        let trusted = self.device.key(&label("audit"), soon()).expect("a key").public_key;
        audit::verify(&self.folder.path().join("log"), &[audit::Trusted::new(trusted)], None, &mut |_| {}).expect("a log")
    }
}

/// One record for each that reached the device or the guard, and a signed head over them.
#[tokio::test]
async fn every_signature_is_recorded_and_the_head_is_signed() {
    let bench = bench(|call, signatures| if call == 1 { Err(Error::new(Kind::DeviceGone, "faulty", "unplugged")) } else { Ok(signatures) });
    let signer = bench.with(bench.logged());
    one(&signer, "node", vote_for(5, Step::Prevote, 1)).await.expect("a signature");
    one(&signer, "node", transaction(1)).await.expect_err("unplugged");
    one(&signer, "node", vote_for(5, Step::Prevote, 2)).await.expect_err("a second vote");
    one(&signer, "nobody", transaction(1)).await.expect_err("refused before it costs anything");
    one(&signer, "node", transaction(1)).await.expect("a signature");
    let until = Instant::now() + Duration::from_secs(60);
    while bench.report().heads == 0 {
        assert!(Instant::now() < until, "no head was signed: {:?}", bench.report());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(signer);
    let report = bench.report();
    assert_eq!((report.broken, report.signed, report.failed), (None, 2, 2));
}

/// Nothing leaves whose record cannot be written.
#[tokio::test]
async fn nothing_is_signed_where_the_log_cannot_be_written() {
    let bench = bench(good);
    let signer = bench.with(bench.logged());
    one(&signer, "node", transaction(0)).await.expect("a signature");
    // The open file can still be written, the next one not.
    std::fs::remove_dir_all(bench.folder.path().join("log")).expect("the log is lost");
    let mut last = Ok(());
    for number in 0..1000 {
        last = one(&signer, "node", transaction(number)).await.map(drop);
        if last.is_err() {
            break;
        }
    }
    assert_eq!(last.expect_err("no file can be made").kind, Kind::Storage);
    let all: Vec<_> = signer.sign(&caller("node"), (0..10).map(transaction).collect(), soon()).await;
    assert!(all.iter().all(|answer| answer.as_ref().is_err_and(|error| error.kind == Kind::Storage)), "{all:?}");
}
