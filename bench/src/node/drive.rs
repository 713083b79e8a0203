//! Sends a load on one stream, and looks at every answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use chainbox_api::{
    client::{Address, Client, Options as ClientOptions},
    v1,
};
use chainbox_workloads::transactions::{LoadFile, LoadItem};
use hdrhistogram::Histogram;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::{Options, report::Stage};
use crate::Error;

/// The start of a run that is in no rate: tables of keys are made, files grow.
const WARM_UP: Duration = Duration::from_secs(1);

/// What a run gave.
pub struct Driven {
    /// Confirmed transactions a second, after the warm-up and while they were sent.
    pub tps: f64,
    /// How long transactions were sent.
    pub seconds: f64,
    pub confirmed: u64,
    pub refused: u64,
    /// Bytes of confirmed transactions.
    pub bytes: u64,
    /// From the sending of a request to its answer, each counted as often as it has transactions.
    pub latencies_us: Histogram<u64>,
    pub stages: Vec<Stage>,
}

/// A request that is on its way.
struct Sent {
    at: Instant,
    valid: Vec<bool>,
    bytes: u64,
}

/// What is sent and not answered.
struct UnderWay {
    sent: Mutex<HashMap<u64, Sent>>,
    room: Semaphore,
}

/// Sends a load until it ends or the time is over, on streams in turn, and waits for all answers.
pub async fn drive(options: &Options, load: LoadFile, address: &Address) -> Result<Driven, Error> {
    let client = Client::connect(address, ClientOptions::default()).await?;
    let mut chain = client.chain();
    let stages_before = stages(&mut chain).await?;
    let room = Semaphore::new((options.in_flight / options.request).max(1));
    let under_way = Arc::new(UnderWay { sent: Mutex::default(), room });
    let start = Instant::now();
    let (answers, mut answered) = mpsc::channel(64);
    let mut streams = Vec::new();
    for _ in 0..options.streams {
        let (requests, stream) = mpsc::channel(4);
        streams.push(requests);
        let (mut chain, answers) = (client.chain(), answers.clone());
        tokio::spawn(async move {
            let forward = async || -> Result<(), tonic::Status> {
                let mut stream = chain.submit_stream(ReceiverStream::new(stream)).await?.into_inner();
                while let Some(answer) = stream.message().await? {
                    // Who no longer listens has failed for another reason.
                    let _ = answers.send(Ok((Instant::now(), answer))).await;
                }
                Ok(())
            };
            if let Err(status) = forward().await {
                let _ = answers.send(Err(status)).await;
            }
        });
    }
    drop(answers);
    let sender = tokio::spawn(send(load, streams, Arc::clone(&under_way), options.request, start, options.time));
    let mut latencies_us = Histogram::new(3).expect("three digits");
    let (mut confirmed, mut refused, mut bytes) = (0_u64, 0_u64, 0_u64);
    // Confirmed so far, at each answer.
    let mut course: Vec<(Duration, u64)> = Vec::new();
    while let Some(answer) = answered.recv().await {
        let (now, answer) = answer.map_err(|status| Error::Chain(status.message().to_owned()))?;
        under_way.room.add_permits(1);
        let sent = lock(&under_way.sent).remove(&answer.tag).ok_or_else(|| Error::Chain("an answer to nothing".to_owned()))?;
        check(&sent, &answer)?;
        let of_request = (sent.valid.len() - answer.refused.len()) as u64;
        confirmed += of_request;
        refused += answer.refused.len() as u64;
        bytes += sent.bytes;
        let us = u64::try_from((now - sent.at).as_micros()).unwrap_or(u64::MAX);
        latencies_us.record_n(us, of_request).map_err(|error| Error::Chain(error.to_string()))?;
        course.push((now - start, confirmed));
    }
    let sending = sender.await.map_err(|error| Error::Chain(error.to_string()))??;
    let left = lock(&under_way.sent).len();
    if left > 0 {
        return Err(Error::Chain(format!("{left} requests have no answer")));
    }
    let stages = busy(&stages_before, &stages(&mut chain).await?, start.elapsed());
    Ok(Driven { tps: rate(&course, sending), seconds: sending.as_secs_f64(), confirmed, refused, bytes, latencies_us, stages })
}

/// Sends requests of a load on some streams in turn, as far as there is room; says how long it did.
async fn send(
    mut load: LoadFile,
    streams: Vec<mpsc::Sender<v1::SubmitRequest>>,
    under_way: Arc<UnderWay>,
    request: usize,
    start: Instant,
    time: Duration,
) -> Result<Duration, Error> {
    for (tag, requests) in (1..).zip(streams.iter().cycle()) {
        if start.elapsed() >= time {
            break;
        }
        let items: Vec<LoadItem> = load.next(request).map_err(|error| Error::Chain(error.to_string()))?;
        // Given back with the answer.
        let Ok(permit) = under_way.room.acquire().await else { break };
        permit.forget();
        if items.is_empty() {
            break;
        }
        let valid = items.iter().map(|item| item.is_valid).collect();
        let bytes = items.iter().map(|item| item.raw.len() as u64).sum();
        let transactions = items.into_iter().map(|item| Bytes::from(item.raw)).collect();
        lock(&under_way.sent).insert(tag, Sent { at: Instant::now(), valid, bytes });
        if requests.send(v1::SubmitRequest { transactions, wait: v1::Wait::Confirmed.into(), tag }).await.is_err() {
            break;
        }
    }
    Ok(start.elapsed())
}

/// That exactly those were refused that had to be.
fn check(sent: &Sent, answer: &v1::SubmitResponse) -> Result<(), Error> {
    let mut refused = answer.refused.iter().peekable();
    for (index, is_valid) in sent.valid.iter().enumerate() {
        let refusal = refused.next_if(|refusal| refusal.index as usize == index);
        match (is_valid, refusal) {
            (true, Some(refusal)) => return Err(Error::Chain(format!("a valid transaction was refused: {}", refusal.message))),
            (false, None) => return Err(Error::Chain("an invalid transaction was confirmed".to_owned())),
            (true, None) if answer.heights.get(index).is_none_or(|height| *height == 0) => {
                return Err(Error::Chain("a transaction was neither confirmed nor refused".to_owned()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Confirmed transactions a second between the warm-up and the end of the sending.
fn rate(course: &[(Duration, u64)], sending: Duration) -> f64 {
    let at = |time: Duration| course.iter().take_while(|(at, _)| *at <= time).last().copied().unwrap_or_default();
    let ((from, before), (to, after)) = (at(WARM_UP), at(sending));
    let seconds = to.saturating_sub(from).as_secs_f64();
    if seconds > 0.0 { (after - before) as f64 / seconds } else { 0.0 }
}

/// What stages did: name, transactions, seconds, threads.
type StageTotals = Vec<(String, f64, f64, f64)>;

async fn stages(chain: &mut v1::chain_client::ChainClient<tonic::transport::Channel>) -> Result<StageTotals, Error> {
    let status = chain.status(v1::ChainStatusRequest {}).await.map_err(|status| Error::Chain(status.message().to_owned()))?.into_inner();
    let all: serde_json::Value = serde_json::from_str(&status.json).map_err(|error| Error::Chain(error.to_string()))?;
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or_default();
    let stage = |stage: &serde_json::Value| {
        let name = stage["name"].as_str().unwrap_or_default().to_owned();
        (name, number(&stage["transactions_total"]), number(&stage["seconds_total"]), number(&stage["threads"]))
    };
    Ok(all["stages"].as_array().into_iter().flatten().map(stage).collect())
}

fn busy(before: &StageTotals, after: &StageTotals, time: Duration) -> Vec<Stage> {
    let stages = before.iter().zip(after).map(|(before, after)| {
        let (transactions, seconds) = (after.1 - before.1, after.2 - before.2);
        Stage {
            name: after.0.clone(),
            busy: seconds / time.as_secs_f64() / after.3,
            us_per_tx: (transactions > 0.0).then(|| seconds * 1e6 / transactions),
        }
    });
    stages.collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
