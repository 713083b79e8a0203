//! Every accepted request is answered once, with its own answer, whatever the back end does.

mod checked;

use std::{
    collections::VecDeque,
    sync::{Condvar, mpsc},
};

use chainbox_engine::{
    backend::{Capabilities, Cpu, Fault},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch, Shape},
    hash::{Digest, Hash, sha256},
    scheme::Scheme,
    verdict::{Verdict, Verdicts},
};

use super::*;

/// A back end that works only when it is let, and says what it was asked.
struct Gate {
    cpu: Cpu,
    orders: Mutex<VecDeque<Order>>,
    given: Condvar,
    asked: Mutex<mpsc::Sender<usize>>,
}

/// What it does with a batch.
enum Order {
    Work,
    Fail,
    Panic,
    /// One answer too few.
    Short,
}

impl Gate {
    fn new() -> (Arc<Self>, mpsc::Receiver<usize>) {
        let (sender, receiver) = mpsc::channel();
        let gate = Self { cpu: Cpu::new(), orders: Mutex::default(), given: Condvar::new(), asked: Mutex::new(sender) };
        (Arc::new(gate), receiver)
    }

    fn order(&self, order: Order) {
        self.orders.lock().unwrap().push_back(order);
        self.given.notify_all();
    }

    fn wait(&self, items: usize) -> Order {
        self.asked.lock().unwrap().send(items).unwrap();
        let mut orders = self.given.wait_while(self.orders.lock().unwrap(), |orders| orders.is_empty()).unwrap();
        orders.pop_front().unwrap()
    }
}

impl Backend for Gate {
    fn name(&self) -> &str {
        "gate"
    }

    fn capabilities(&self) -> Capabilities {
        self.cpu.capabilities()
    }

    fn verify(&self, batch: &Batch) -> Result<Verdicts, Fault> {
        self.cpu.verify(batch)
    }

    fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Fault> {
        self.cpu.recover(batch)
    }

    fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Fault> {
        let order = self.wait(messages.len());
        let mut digests = self.cpu.digest(hash, messages)?;
        match order {
            Order::Work => Ok(digests),
            Order::Fail => Err(Fault::Device { backend: "gate".to_owned(), what: "on order".to_owned() }),
            Order::Panic => panic!("on order"),
            Order::Short => {
                digests.pop();
                Ok(digests)
            }
        }
    }
}

fn limits() -> Limits {
    Limits { items_in_flight_max: 100_000, queue_time_max: Duration::from_secs(60), ..Limits::default() }
}

fn start() -> (Work, Arc<Gate>, mpsc::Receiver<usize>) {
    let (gate, asked) = Gate::new();
    (start_on(&gate, limits()), gate, asked)
}

fn start_on(gate: &Arc<Gate>, limits: Limits) -> Work {
    let backends = Backends::cpu_alone(Arc::clone(gate) as Arc<dyn Backend>);
    Work::start(backends, limits, Arc::new(Metrics::new()), Vec::new())
}

/// Messages that no other request of the same number has.
fn messages(number: u32, items: usize) -> ByteColumn {
    let mut column = ByteColumn::new();
    (0..items).for_each(|index| column.push(format!("{number}:{index}").as_bytes()).unwrap());
    column
}

fn digest(number: u32, items: usize) -> Payload {
    Payload::Digest { hash: Hash::Sha256, messages: messages(number, items) }
}

fn assert_own_answer(answer: Answer, number: u32, items: usize) {
    let Answer::Digests(digests) = answer else { panic!("another answer") };
    let expected: Vec<_> = messages(number, items).iter().map(sha256).collect();
    assert!(digests == expected, "request {number} got the answer of another, or a part of one");
}

/// Sizes around the edges of lanes and slices.
const SIZES: [usize; 8] = [1, 2, 3, 17, 100, 1000, 16_384, 16_385];

#[tokio::test(flavor = "multi_thread")]
async fn each_request_gets_its_own_answer() {
    let (work, gate, _asked) = start();
    let requests: Vec<_> = SIZES.iter().cycle().take(40).zip(0..).collect();
    let expect_work = |count: usize| (0..count).for_each(|_| gate.order(Order::Work));
    expect_work(1000);
    let tasks: Vec<_> = requests
        .into_iter()
        .map(|(&items, number)| {
            let work = work.clone();
            tokio::spawn(async move {
                let source = u64::from(number % 3) + 1;
                let answer = work.submit_when_room(source, digest(number, items)).await.unwrap().await.unwrap();
                assert_own_answer(answer, number, items);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(work.requests(), 0);
    assert_eq!(work.state().load, chainbox_engine::dispatch::Load::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn small_requests_that_wait_become_one_batch() {
    let (work, gate, asked) = start();
    // All lanes are busy with these.
    let busy: Vec<_> = (0..1 + slots::BULK_LANES as u32).map(|number| submit_elsewhere(&work, number, 3)).collect();
    busy.iter().for_each(|_| assert_eq!(asked.recv().unwrap(), 3));
    let small: Vec<_> = (10..20).map(|number| (number, work.submit(u64::from(number), digest(number, 3)).unwrap())).collect();
    (0..100).for_each(|_| gate.order(Order::Work));
    for (number, pending) in small {
        assert_own_answer(pending.await.unwrap(), number, 3);
    }
    assert!(asked.try_iter().any(|items| items > 3), "none were gathered");
    for pending in busy {
        pending.join().unwrap();
    }
}

/// A request whose submission may block, since it is run at once on the thread that submits.
fn submit_elsewhere(work: &Work, number: u32, items: usize) -> thread::JoinHandle<()> {
    let (work, runtime) = (work.clone(), tokio::runtime::Handle::current());
    thread::spawn(move || {
        let pending = work.submit(1, digest(number, items)).unwrap();
        assert_own_answer(runtime.block_on(pending).unwrap(), number, items);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_ends_its_own_requests_and_no_other() {
    let (work, gate, asked) = start();
    for (order, text) in [(Order::Fail, "on order"), (Order::Panic, "panicked"), (Order::Short, "answers for 40 items")] {
        gate.order(order);
        let error = work.submit(1, digest(1, 40)).unwrap().await.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(asked.recv().unwrap(), 40);
    }
    gate.order(Order::Work);
    assert_own_answer(work.submit(1, digest(2, 40)).unwrap().await.unwrap(), 2, 40);
    assert_eq!(work.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_is_not_done() {
    let (work, gate, asked) = start();
    let busy: Vec<_> = (0..1 + slots::BULK_LANES as u32).map(|number| submit_elsewhere(&work, number, 3)).collect();
    busy.iter().for_each(|_| assert_eq!(asked.recv().unwrap(), 3));
    let dropped = work.submit(1, digest(7, 5000)).unwrap();
    let kept = work.submit(1, digest(8, 6000)).unwrap();
    drop(dropped);
    (0..100).for_each(|_| gate.order(Order::Work));
    assert_own_answer(kept.await.unwrap(), 8, 6000);
    for pending in busy {
        pending.join().unwrap();
    }
    assert!(!asked.try_iter().any(|items| items == 5000));
    assert_eq!(work.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_does_not_wait_for_ever() {
    let (gate, asked) = Gate::new();
    let limits = Limits { queue_time_max: Duration::from_millis(20), ..limits() };
    let work = start_on(&gate, limits);
    let busy: Vec<_> = (0..1 + slots::BULK_LANES as u32).map(|number| submit_elsewhere(&work, number, 3)).collect();
    busy.iter().for_each(|_| assert_eq!(asked.recv().unwrap(), 3));
    let error = work.submit(1, digest(7, 5)).unwrap().await.unwrap_err();
    assert_eq!(error, Unanswered::Expired(Duration::from_millis(20)));
    (0..100).for_each(|_| gate.order(Order::Work));
    // What had begun is answered, however long it takes.
    for pending in busy {
        pending.join().unwrap();
    }
}

#[test]
fn a_small_request_is_answered_on_the_thread_that_waits_unless_the_queue_is_in_use() {
    let (work, gate, asked) = start();
    let column = messages(7, 3);
    let question = Question::Digest { hash: Hash::Sha256, messages: &column };
    for (order, text) in [(Order::Fail, "on order"), (Order::Panic, "panicked"), (Order::Short, "answers for 3 items")] {
        gate.order(order);
        let error = work.answer_at_once(question).unwrap().unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    gate.order(Order::Work);
    assert_own_answer(work.answer_at_once(question).unwrap().unwrap(), 7, 3);
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [3; 4]);
    thread::scope(|scope| {
        let passing = scope.spawn(|| work.answer_at_once(question).unwrap().unwrap());
        assert_eq!(asked.recv().unwrap(), 3);
        let queued = scope.spawn(|| work.answer(1, digest(8, 40)).unwrap());
        assert_eq!(asked.recv().unwrap(), 40, "who passes holds up nobody");
        assert!(work.answer_at_once(question).is_none(), "somebody is at work");
        [Order::Work, Order::Work].into_iter().for_each(|order| gate.order(order));
        assert_own_answer(passing.join().unwrap(), 7, 3);
        assert_own_answer(queued.join().unwrap(), 8, 40);
    });
    assert_eq!((work.requests(), work.reports()[0].items_total), (0, 46));
    work.close();
    assert!(work.answer_at_once(question).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_service_answers_what_it_accepted_and_takes_no_more() {
    let (work, gate, asked) = start();
    let accepted = submit_elsewhere(&work, 1, 40);
    assert_eq!(asked.recv().unwrap(), 40);
    work.close();
    assert_eq!(work.submit(1, digest(2, 1)).map(drop).unwrap_err(), Unanswered::Closing);
    assert_eq!(work.submit_when_room(1, digest(2, 1)).await.map(drop).unwrap_err(), Unanswered::Closing);
    gate.order(Order::Work);
    accepted.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_hints_and_keys_are_put_together_as_well() {
    let (work, _gate, _asked) = start();
    let shape = Shape::digests(Scheme::Sm2Sm3);
    let mut batch = Batch::new(shape);
    for _ in 0..3 {
        batch.push(chainbox_engine::batch::Item { key: b"", input: &[0; 32], signature: &[1; 64], id: None, hint: b"" }).unwrap();
    }
    let expected: Vec<Verdict> = Cpu::new().verify(&batch).unwrap().into();
    let payload = Payload::Verify { batch, want_hints: true };
    let Answer::Verified { verdicts, hints } = work.submit(1, payload).unwrap().await.unwrap() else { panic!("another answer") };
    assert_eq!((verdicts, hints), (expected, Some(vec![None; 3])));
    let mut batch = RecoveryBatch::new(chainbox_engine::batch::Input::Digest, true);
    batch.push(&[0; 32], &[0; 65]).unwrap();
    let expected = Cpu::new().recover(&batch).unwrap();
    let Answer::Recovered(recovered) = work.submit(1, Payload::Recover(batch)).unwrap().await.unwrap() else { panic!("another answer") };
    assert_eq!(recovered, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_with_nothing() {
    let (work, _gate, _asked) = start();
    let Answer::Digests(digests) = work.submit(1, digest(1, 0)).unwrap().await.unwrap() else { panic!("another answer") };
    assert!(digests.is_empty());
}
