//! The signer above keys in a file: what roles, threads, checks, the guard and the audit log cost beside a bare loop over the device.
//!
//! `cargo bench -p chainbox-hsm --bench signer`; the files lie in the folder for temporary files (TMPDIR), whose disk decides the cost of a sync.

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chainbox_engine::scheme::Scheme;
use chainbox_hsm::{
    Algorithm, Deadline, Device, Label, Payload, Role, Signer,
    audit::{self, Audit},
    guard::Guard,
    payload::{Position, Step},
    secret::Secret,
    signer::{Caller, CallerPolicy, KeyPolicy, Local, Options, Policy, SignRequest},
    software::{self, Software},
};

/// How long one measurement takes.
const SLICE: Duration = Duration::from_secs(2);

/// The deadline of each request.
const PATIENCE: Duration = Duration::from_secs(5);

fn label(name: &str) -> Label {
    name.parse().expect("a label")
}

fn soon() -> Deadline {
    Deadline::after(PATIENCE)
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
        ("wallet".to_owned(), key(Scheme::EcdsaP256Sha256, &[Role::Transaction], None)),
        ("validator".to_owned(), key(Scheme::EcdsaP256Sha256, &[Role::Vote], Some("bench"))),
    ];
    let roles = BTreeMap::from([("wallet".to_owned(), vec![Role::Transaction]), ("validator".to_owned(), vec![Role::Vote])]);
    Policy { keys: keys.into(), callers: [("bench".to_owned(), CallerPolicy { keys: roles })].into() }
}

/// Signatures a second of so many threads that call the device over and over.
fn bare(device: &Software, threads: usize) -> f64 {
    let (over, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    device.sign(&label("wallet"), &[[7; 32]], soon()).expect("a signature");
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(SLICE);
        over.store(true, Ordering::Relaxed);
    });
    made.into_inner() as f64 / began.elapsed().as_secs_f64()
}

/// Signatures a second of so many callers, each of whom asks again as soon as it has an answer; p50, p99 and the longest time; how many were too late.
async fn signer(signer: Arc<Local>, callers: usize, request: fn(u64) -> SignRequest) -> (f64, [Duration; 3], usize) {
    let (began, numbers) = (Instant::now(), Arc::new(AtomicUsize::new(1)));
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (signer, numbers) = (Arc::clone(&signer), Arc::clone(&numbers));
            tokio::spawn(async move {
                let (caller, mut times, mut late) = (Caller("bench".to_owned()), Vec::new(), 0);
                while began.elapsed() < SLICE {
                    let since = Instant::now();
                    let number = numbers.fetch_add(1, Ordering::Relaxed) as u64;
                    let answer = signer.sign(&caller, vec![request(number)], soon()).await.remove(0);
                    late += usize::from(answer.is_err());
                    times.push(since.elapsed());
                }
                (times, late)
            })
        })
        .collect();
    let (mut times, mut late) = (Vec::new(), 0);
    for task in tasks {
        let (own, own_late) = task.await.expect("no panic");
        times.extend(own);
        late += own_late;
    }
    let rate = (times.len() - late) as f64 / began.elapsed().as_secs_f64();
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    (rate, [at(0.5), at(0.99), at(1.0)], late)
}

fn transaction(number: u64) -> SignRequest {
    SignRequest { key: label("wallet"), payload: Payload::Transaction(number.to_be_bytes().to_vec()) }
}

fn vote(height: u64) -> SignRequest {
    let payload = Payload::Vote { chain: "bench".to_owned(), height, round: 0, step: Step::Prevote, block: Some([7; 32]) };
    SignRequest { key: label("validator"), payload }
}

fn main() {
    // Cargo's tests start it without this flag, to see whether it starts.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = env::temp_dir().join(format!("chainbox-bench-signer-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    let options = software::Options { path: folder.join("keys"), production: false, allow_software: false };
    let device = Arc::new(Software::create(&options, &Secret::new(b"bench".to_vec())).expect("a file"));
    for name in ["wallet", "validator"] {
        device.generate(&label(name), Algorithm::EcdsaP256, soon()).expect("a key");
    }
    files(&folder, &device);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    println!("bare loop, {threads} threads: {:.0} signatures/s", bare(&device, threads));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().expect("a runtime");
    println!("callers  checked  log  what           per second  p50 ms  p99 ms  max ms  late or failed");
    let log = |number: usize| audit::Options::new(folder.join(format!("log-{number}")));
    let cases = [(1, false, false), (16, false, false), (1000, false, false), (1000, true, false), (1000, true, true)];
    for (number, (callers, check_signatures, logged)) in cases.into_iter().enumerate() {
        for (name, request) in [("transactions", transaction as fn(u64) -> SignRequest), ("votes", vote)] {
            // Votes of many callers at once overtake one another: one validator asks for one after the other.
            let callers = if name == "votes" { 1 } else { callers };
            if name == "votes" && number < 3 {
                continue;
            }
            let guard = folder.join(format!("guard-{number}-{name}"));
            drop(Guard::create(&guard).expect("a guard"));
            let audit = logged.then(|| log(2 * number + usize::from(name == "votes")));
            let options = Options { policy: policy(), check_signatures, guard: Some(guard), audit, ..Options::default() };
            let local = Local::open(Arc::clone(&device) as Arc<dyn Device>, options, Arc::new(())).expect("a signer");
            let (rate, times, late) = runtime.block_on(signer(Arc::new(local), callers, request));
            let [p50, p99, max] = times.map(|time| time.as_secs_f64() * 1e3);
            println!("{callers:7}  {check_signatures:7}  {logged:5}  {name:12}  {rate:10.0}  {p50:6.2}  {p99:6.2}  {max:6.2}  {late:6}");
        }
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// Votes a second through the guard alone, and durable records a second into the log alone.
fn files(folder: &std::path::Path, device: &Software) {
    let key = device.key(&label("validator"), soon()).expect("a key");
    let guard = Guard::create(&folder.join("guard")).expect("a guard");
    let began = Instant::now();
    let votes = (1..).take_while(|_| began.elapsed() < SLICE).map(|height| {
        let position = Position { height, round: 0, step: Step::Prevote };
        guard.permit(&key, "bench", &[(position, [7; 32])]).remove(0).expect("permitted");
    });
    let votes = votes.count();
    println!("the guard alone: {:.0} votes/s, a sync each", votes as f64 / began.elapsed().as_secs_f64());
    let log = Audit::open(audit::Options::new(folder.join("log"))).expect("a log");
    for threads in [1, 8] {
        let began = Instant::now();
        let records: usize = thread::scope(|scope| {
            let append = || {
                let event = || {
                    audit::Event::Repair(audit::Repair {
                        file: "bench".repeat(40),
                        bytes: 0,
                        sha256: chainbox_hsm::Hex([0; 32]),
                        records: 0,
                    })
                };
                (0..).take_while(|_| began.elapsed() < SLICE).map(|_| log.append(vec![event()], true).expect("appended")).count()
            };
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(append)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        println!("the log alone, {threads} threads: {:.0} durable records/s", records as f64 / began.elapsed().as_secs_f64());
    }
}
