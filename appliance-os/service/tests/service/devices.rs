//! Devices beside the CPU, and what comes of those that misbehave: each item gets its one right verdict all the same.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use chainbox_engine::{
    backend::{Backend, Capabilities, Cpu, Fault, known_answers},
    batch::{Batch, ByteColumn, Input, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    scheme::Scheme,
    verdict::{Reason, Verdict, Verdicts},
};
use chainbox_service::{Backends, Device, Service, learned};
use chainbox_workloads::{Kind, Spec};
use serde_json::Value;

use crate::{
    common::{Expected, PATIENCE, Running, eventually, expected, start_on},
    http::{get, json},
};

/// What a device does with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Right,
    /// It answers when it gets another order, rightly.
    Hang,
    Fail,
    Panic,
    /// One answer too few.
    Short,
    AllValid,
    /// One known answer is another one.
    FlipOneKnown,
    /// Rightly, and late.
    Slow,
}

/// A device that does as it is ordered.
struct Misbehaving {
    cpu: Cpu,
    order: Mutex<Order>,
    changed: Condvar,
    batches: AtomicUsize,
}

impl Misbehaving {
    fn new(order: Order) -> Arc<Self> {
        Arc::new(Self { cpu: Cpu::new(), order: Mutex::new(order), changed: Condvar::new(), batches: AtomicUsize::new(0) })
    }

    fn order(&self, order: Order) {
        *self.order.lock().unwrap() = order;
        self.changed.notify_all();
    }

    fn is_known(batch: &Batch, index: usize) -> bool {
        let item = batch.item(index);
        known_answers::all().iter().any(|known| known.item.signature == item.signature && known.item.input == item.input)
    }
}

impl Backend for Misbehaving {
    fn name(&self) -> &str {
        "second"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { inline_items_max: 0, shares_cores: false, ..self.cpu.capabilities() }
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        self.batches.fetch_add(1, SeqCst);
        let order = *self.order.lock().unwrap();
        let mut verdicts: Vec<Verdict> = self.cpu.verify(batch)?.into();
        match order {
            Order::Right => {}
            Order::Hang => drop(self.changed.wait_while(self.order.lock().unwrap(), |order| *order == Order::Hang).unwrap()),
            Order::Fail => return Err(Fault::Device { backend: "second".to_owned(), what: "lost".to_owned() }),
            Order::Panic => panic!("on order"),
            Order::Short => verdicts.truncate(batch.len() - 1),
            Order::AllValid => verdicts.fill(Verdict::Valid),
            Order::FlipOneKnown => {
                let known = (0..batch.len()).rfind(|&index| Self::is_known(batch, index)).expect("each batch has known answers");
                verdicts[known] = if verdicts[known].is_valid() { Verdict::Invalid(Reason::Equation) } else { Verdict::Valid };
            }
            Order::Slow => thread::sleep(Duration::from_millis(20)),
        }
        Ok(verdicts.into())
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.cpu.recover(batch)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.cpu.digest(hash, messages)
    }
}

/// A CPU so slow that any device does better, without taking cores from it.
struct SlowCpu(Cpu);

impl SlowCpu {
    fn wait(items: usize) {
        thread::sleep(Duration::from_micros(100) * items as u32);
    }
}

impl Backend for SlowCpu {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        Self::wait(batch.len());
        self.0.verify(batch)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.0.recover(batch)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        self.0.digest(hash, messages)
    }
}

fn backends(device: &Arc<Misbehaving>, hardware: &str) -> Backends {
    let device = Device { hardware: hardware.to_owned(), ..Device::new(Arc::clone(device) as _) };
    Backends { cpu: Arc::new(SlowCpu(Cpu::new())), devices: vec![device] }
}

const HARDWARE: &str = "a card, driver 1";

async fn start(device: &Arc<Misbehaving>) -> Running {
    start_on(backends(device, HARDWARE), |_| {}).await
}

/// Items of which so few are invalid that their source is no suspect.
fn batch(seed: u64) -> Arc<Expected> {
    let spec = Spec { input: Input::Digest, signers: 16, seed, invalid_share: 0.01, ..Spec::new(Scheme::Sm2Sm3, 3_000) };
    Arc::new(expected(Spec { invalid_kinds: Kind::all_for(spec.shape()), ..spec }))
}

/// What the status page says of the device.
async fn second(running: &Running) -> Value {
    let status = json(running, "/status.json").await;
    let backends = status["backends"].as_array().unwrap().clone();
    assert_eq!(backends[0]["name"], "cpu");
    assert_eq!(backends[0]["state"], "admitted");
    backends.into_iter().nth(1).unwrap()
}

async fn is_at(running: &Running, state: &str) {
    eventually(state, async || (second(running).await["state"] == state).then_some(())).await;
}

/// Sends batches until the status page says of the device what is waited for. Each has the right verdicts.
async fn verify_until(running: &Running, what: &str, is_so: impl Fn(&Value) -> bool) {
    let made = batch(5);
    let mut client = running.client().await;
    eventually(what, async || {
        let response = client.verify(made.request()).await.unwrap().into_inner();
        assert_eq!(response.verdicts, made.verdicts);
        is_so(&second(running).await).then_some(())
    })
    .await;
}

async fn metric(running: &Running, name: &str) -> f64 {
    let (_, text) = get(running, "/metrics").await;
    let row = text.lines().find_map(|line| line.strip_prefix(&format!("{name}{{backend=\"second\"}} ")));
    row.unwrap_or_else(|| panic!("{name} is missing in\n{text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_joins_does_its_part_and_is_checked() {
    let device = Misbehaving::new(Order::Right);
    let running = start(&device).await;
    is_at(&running, "admitted").await;
    verify_until(&running, "the device has a part", |second| second["items_total"].as_u64() > Some(10_000)).await;
    let second = second(&running).await;
    assert_eq!((&second["quarantines_total"], &second["reason"]), (&0.into(), &Value::Null));
    assert_eq!(second["hardware"], HARDWARE);
    assert!(second["items_audited_total"].as_u64() > Some(0), "{second}");
    assert_eq!(metric(&running, "chainbox_backend_admitted").await, 1.0);
    assert_eq!(metric(&running, "chainbox_backend_fallback_total").await, 0.0);
    assert_eq!(metric(&running, "chainbox_backend_disagreements_total").await, 0.0);
    let (items, audited) =
        (metric(&running, "chainbox_backend_items_total").await, metric(&running, "chainbox_backend_audited_items_total").await);
    assert!(items > 0.0 && audited > 0.0 && audited <= items, "{audited} of {items}");
    let (_, text) = get(&running, "/metrics").await;
    assert!(text.contains(r#"chainbox_verify_signatures_total{backend="second",result="valid",scheme="sm2-sm3"}"#), "{text}");
}

/// One whose answers are wrong, or none, is put aside; all verdicts stay right; it is back once it behaves.
#[tokio::test(flavor = "multi_thread")]
async fn each_misbehaviour_costs_a_device_its_place_and_no_item_its_verdict() {
    for (order, words, is_disagreement) in [
        (Order::Fail, "lost", false),
        (Order::Panic, "panicked", false),
        (Order::Short, "answers for", false),
        (Order::AllValid, "known answer", true),
        (Order::FlipOneKnown, "known answer", true),
    ] {
        let device = Misbehaving::new(Order::Right);
        let running = start(&device).await;
        is_at(&running, "admitted").await;
        device.order(order);
        verify_until(&running, "the quarantine", |second| second["quarantines_total"].as_u64() > Some(0)).await;
        assert!(metric(&running, "chainbox_backend_quarantines_total").await >= 1.0);
        assert!(metric(&running, "chainbox_backend_fallback_total").await >= 1.0, "{order:?}");
        assert_eq!(metric(&running, "chainbox_backend_disagreements_total").await >= 1.0, is_disagreement, "{order:?}");
        // The service is well, and says what is not.
        let (head, body) = get(&running, "/healthz").await;
        assert!(head.starts_with("HTTP/1.1 200") && body.starts_with("ok\n"), "{head}\n{body}");
        let state = second(&running).await;
        if state["state"] == "quarantined" {
            assert!(state["retry_seconds"].as_f64().is_some() && !state["reason"].as_str().unwrap().is_empty(), "{state}");
        }
        let seen = eventually("the reason", async || {
            let (_, body) = get(&running, "/healthz").await;
            body.contains("second is not used").then_some(body)
        });
        let seen = seen.await;
        assert!(seen.contains(words), "{order:?}: {seen}");
        device.order(Order::Right);
        is_at(&running, "admitted").await;
        assert_eq!(get(&running, "/healthz").await.1, "ok\n");
        let before = second(&running).await["items_total"].as_u64();
        verify_until(&running, "the device works again", |second| second["items_total"].as_u64() > before).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_hangs_loses_its_work_and_holds_nobody_up() {
    let device = Misbehaving::new(Order::Right);
    let running = start(&device).await;
    is_at(&running, "admitted").await;
    // So that its deadlines are short.
    verify_until(&running, "its jobs are known", |second| second["items_total"].as_u64() > Some(10_000)).await;
    device.order(Order::Hang);
    verify_until(&running, "the quarantine", |second| second["quarantines_total"].as_u64() > Some(0)).await;
    assert!(metric(&running, "chainbox_backend_stuck_threads").await >= 1.0);
    let (_, health) = get(&running, "/healthz").await;
    // On a busy machine it was tried again meanwhile.
    assert!(health.contains("it did not answer a job of") || health.contains("still hangs"), "the reason is the time: {health}");
    // It is not asked again while it holds threads.
    verify_until(&running, "another quarantine", |second| second["reason"].as_str().is_some_and(|reason| reason.contains("still hangs")))
        .await;
    let batches = device.batches.load(SeqCst);
    device.order(Order::Right);
    // What it answers now is of no use to anybody; then it is asked for the known answers.
    is_at(&running, "admitted").await;
    assert!(device.batches.load(SeqCst) > batches);
    assert_eq!(metric(&running, "chainbox_backend_stuck_threads").await, 0.0);
    verify_until(&running, "it works again", |second| second["state"] == "admitted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_a_device_that_hangs() {
    let device = Misbehaving::new(Order::Right);
    let running = start(&device).await;
    is_at(&running, "admitted").await;
    verify_until(&running, "its jobs are known", |second| second["items_total"].as_u64() > Some(10_000)).await;
    let batches = device.batches.load(SeqCst);
    device.order(Order::Hang);
    let made = batch(6);
    let mut client = running.client().await;
    let held = tokio::spawn(async move {
        // Until the device has one of them.
        loop {
            let Ok(response) = client.verify(made.request()).await else { return };
            assert_eq!(response.into_inner().verdicts, made.verdicts);
        }
    });
    eventually("the device hangs", async || (device.batches.load(SeqCst) > batches).then_some(())).await;
    tokio::time::timeout(PATIENCE, running.service.shutdown()).await.expect("the device holds the end up").unwrap();
    held.await.unwrap();
    device.order(Order::Right);
}

/// What is written to the log of this process.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The fields of the first line of JSON about this back end that has these words.
    fn find(&self, backend: &str, words: &str) -> Option<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .map(|line| line["fields"].clone())
            .find(|fields| fields["backend"] == backend && fields["message"].as_str().unwrap().contains(words))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_when_a_device_comes_and_goes_and_why() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().json().with_writer(move || writer.clone()).init();
    let device = Misbehaving::new(Order::Right);
    let mut backends = backends(&device, HARDWARE);
    backends.devices[0].name = "logged".to_owned();
    let running = start_on(backends, |_| {}).await;
    is_at(&running, "admitted").await;
    let admitted = eventually("a line", async || lines.find("logged", "gave the known answers and is used")).await;
    assert_eq!(admitted["hardware"], HARDWARE);
    device.order(Order::Fail);
    verify_until(&running, "the quarantine", |second| second["quarantines_total"].as_u64() > Some(0)).await;
    let quarantined = eventually("a line", async || lines.find("logged", "is not used until")).await;
    assert!(quarantined["reason"].as_str().unwrap().contains("lost"), "{quarantined}");
    assert!(quarantined["again_in_seconds"].as_f64().unwrap() <= 1.0, "{quarantined}");
    assert!(quarantined["message"].as_str().unwrap().contains("engine.devices"), "the remedy: {quarantined}");
}

/// A device that cannot even give the known answers is never used; one that hangs with them holds nothing up.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_not_used_before_it_gave_the_known_answers() {
    for order in [Order::AllValid, Order::Fail, Order::Panic, Order::Hang] {
        let device = Misbehaving::new(order);
        let running = start(&device).await;
        let made = batch(5);
        let response = running.client().await.verify(made.request()).await.unwrap().into_inner();
        assert_eq!(response.verdicts, made.verdicts);
        if order == Order::Hang {
            assert_eq!(second(&running).await["state"], "unproven");
        } else {
            is_at(&running, "quarantined").await;
        }
        assert_eq!(second(&running).await["items_total"], 0);
        assert_eq!(metric(&running, "chainbox_backend_admitted").await, 0.0);
        device.order(Order::Right);
        is_at(&running, "admitted").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_device_is_no_wrong_one() {
    let device = Misbehaving::new(Order::Slow);
    let running = start(&device).await;
    verify_until(&running, "it did some work", |second| second["items_total"].as_u64() > Some(0)).await;
    assert_eq!(second(&running).await["quarantines_total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learnt_is_kept_for_the_same_device() {
    let device = Misbehaving::new(Order::Right);
    let running = start(&device).await;
    is_at(&running, "admitted").await;
    verify_until(&running, "something is learnt", |second| {
        second["curves"].as_array().unwrap().iter().any(|curve| curve["jobs"].as_u64() > Some(3))
    })
    .await;
    let Running { service, folder } = running;
    service.shutdown().await.unwrap();
    let path = folder.path().join("data").join(learned::FILE);
    let kept = learned::read(&path).unwrap();
    let second = kept.iter().find(|learned| learned.name == "second").unwrap();
    assert_eq!(second.hardware, HARDWARE);
    assert!(second.curves.iter().any(|curve| curve.task == "verify sm2-sm3 digest raw"), "{second:?}");
    assert!(kept.iter().any(|learned| learned.name == "cpu" && !learned.curves.is_empty()));
    let settings = crate::common::settings(folder.path());
    for (hardware, knows) in [(HARDWARE, true), ("a card, driver 2", false)] {
        let service = Service::start(settings.clone(), backends(&device, hardware), None).await.unwrap();
        let running = Running { service, folder: tempfile::tempdir().unwrap() };
        let curves = self::second(&running).await["curves"].as_array().unwrap().len();
        assert_eq!(curves > 0, knows, "{hardware}");
        running.service.shutdown().await.unwrap();
    }
    // A broken file costs what was learnt and nothing else.
    std::fs::write(&path, "{").unwrap();
    let service = Service::start(settings, crate::common::cpu(), None).await.unwrap();
    service.shutdown().await.unwrap();
    assert!(learned::read(&path).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_back_ends_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let device = || Device::new(Misbehaving::new(Order::Right) as _);
    let backends = Backends { cpu: Arc::new(Cpu::new()), devices: vec![device(), device()] };
    let error = Service::start(crate::common::settings(folder.path()), backends, None).await.map(drop).unwrap_err();
    assert!(error.contains("engine.devices") && error.contains("second"), "{error}");
}
