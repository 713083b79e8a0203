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

/// Sends a load until it ends or the time is over, and waits for all answers.
pub async fn drive(options: &Options, mut load: LoadFile, address: &Address) -> Result<Driven, Error> {
    let client = Client::connect(address, ClientOptions::default()).await?;
    let mut chain = client.chain();
    let stages_before = stages(&mut chain).await?;
    let (requests, stream) = mpsc::channel(4);
    let under_way: Arc<Mutex<HashMap<u64, Sent>>> = Arc::default();
    let room = Arc::new(Semaphore::new((options.in_flight / options.request).max(1)));
    let start = Instant::now();
    let sender = {
        let (under_way, room, time, request) = (Arc::clone(&under_way), Arc::clone(&room), options.time, options.request);
        tokio::spawn(async move {
            let mut tag = 0;
            while start.elapsed() < time {
                let items: Vec<LoadItem> = load.next(request).map_err(|error| Error::Chain(error.to_string()))?;
                if items.is_empty() {
                    break;
                }
                // Given back with the answer.
                let Ok(permit) = room.acquire().await else { break };
                permit.forget();
                let valid = items.iter().map(|item| item.is_valid).collect();
                let bytes = items.iter().map(|item| item.raw.len() as u64).sum();
                let transactions = items.into_iter().map(|item| Bytes::from(item.raw)).collect();
                tag += 1;
                lock(&under_way).insert(tag, Sent { at: Instant::now(), valid, bytes });
                let message = v1::SubmitRequest { transactions, wait: v1::Wait::Confirmed.into(), tag };
                if requests.send(message).await.is_err() {
                    break;
                }
            }
            Ok::<Duration, Error>(start.elapsed())
        })
    };
    let failed = |status: tonic::Status| Error::Chain(status.message().to_owned());
    let mut answers = chain.submit_stream(ReceiverStream::new(stream)).await.map_err(failed)?.into_inner();
    let mut latencies_us = Histogram::new(3).expect("three digits");
    let (mut confirmed, mut refused, mut bytes) = (0_u64, 0_u64, 0_u64);
    // Confirmed so far, at each answer.
    let mut course: Vec<(Duration, u64)> = Vec::new();
    while let Some(answer) = answers.message().await.map_err(failed)? {
        let now = Instant::now();
        room.add_permits(1);
        let sent = lock(&under_way).remove(&answer.tag).ok_or_else(|| Error::Chain("an answer to nothing".to_owned()))?;
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
    let left = lock(&under_way).len();
    if left > 0 {
        return Err(Error::Chain(format!("{left} requests have no answer")));
    }
    let stages = busy(&stages_before, &stages(&mut chain).await?, start.elapsed());
    Ok(Driven { tps: rate(&course, sending), seconds: sending.as_secs_f64(), confirmed, refused, bytes, latencies_us, stages })
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
