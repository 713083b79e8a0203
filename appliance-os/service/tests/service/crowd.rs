//! Many clients at once, of all kinds. A ledger holds what was sent, and every answer is struck off it.
//!
//! CHAINBOX_CROWD_SECONDS sets how long the crowd stays: 60 for the whole test.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chainbox_api::v1;
use chainbox_engine::{batch::Input, scheme::Scheme};
use chainbox_service::settings::Settings;
use chainbox_workloads::{Kind, Spec};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use tokio_stream::StreamExt;
use tonic::{Code, Status};

use crate::common::{Client, Expected, PATIENCE, expected, start};

const CLIENTS: u64 = 64;

/// How long the crowd stays unless told.
const SECONDS_DEFAULT: u64 = 5;

/// Sizes of requests: many small ones, some large.
const SIZES: [usize; 8] = [1, 1, 1, 2, 7, 64, 500, 2000];

/// What was sent and has no answer yet, and what was answered.
#[derive(Default)]
struct Ledger {
    open: Mutex<HashMap<u64, Vec<u8>>>,
    next: AtomicU64,
    answered: AtomicU64,
    refused: AtomicU64,
    given_up: AtomicU64,
}

impl Ledger {
    /// Enters a request with the verdicts that it must get.
    fn enter(&self, verdicts: Vec<u8>) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        assert!(self.open.lock().unwrap().insert(number, verdicts).is_none());
        number
    }

    /// Strikes a request off: an answer to what is not open is one too many.
    fn strike(&self, number: u64) -> Vec<u8> {
        self.open.lock().unwrap().remove(&number).unwrap_or_else(|| panic!("request {number} was answered twice, or never sent"))
    }

    fn answer(&self, number: u64, verdicts: &[u8]) {
        assert!(self.strike(number) == verdicts, "request {number} got other verdicts than its own");
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    fn refuse(&self, number: u64, status: &Status) {
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        self.strike(number);
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// The client went away: nobody waits for this.
    fn give_up(&self, number: u64) {
        self.strike(number);
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }
}

struct Crowd {
    ledger: Ledger,
    pool: Vec<Expected>,
    end: Instant,
}

impl Crowd {
    fn goes_on(&self) -> bool {
        Instant::now() < self.end
    }

    /// Some items of the pool.
    fn pick(&self, random: &mut ChaCha8Rng) -> Expected {
        let all = &self.pool[random.next_u32() as usize % self.pool.len()];
        let size = SIZES[random.next_u32() as usize % SIZES.len()];
        let start = random.next_u32() as usize % (all.verdicts.len() - size + 1);
        all.part(start..start + size)
    }

    /// One request after the other.
    async fn ask(&self, client: &mut Client, random: &mut ChaCha8Rng) {
        let part = self.pick(random);
        let number = self.ledger.enter(part.verdicts.clone());
        match client.verify(part.request()).await {
            Ok(response) => self.ledger.answer(number, &response.into_inner().verdicts),
            Err(status) => self.ledger.refuse(number, &status),
        }
    }

    /// A stream whose requests come slowly, whose answers are read slowly, or both.
    async fn stream(self: &Arc<Self>, client: &mut Client, mut random: ChaCha8Rng, pause: Duration) {
        let crowd = Arc::clone(self);
        let requests = tokio_stream::iter(0..20).then(move |_| {
            let part = crowd.pick(&mut random);
            let number = crowd.ledger.enter(part.verdicts.clone());
            let request = v1::VerifyStreamRequest { tag: number, request: Some(part.request()) };
            async move {
                tokio::time::sleep(pause).await;
                request
            }
        });
        let mut responses = client.verify_stream(requests).await.unwrap().into_inner();
        while let Some(response) = responses.next().await {
            let response = response.unwrap();
            let Some(v1::verify_stream_response::Outcome::Response(answer)) = response.outcome else {
                panic!("{} was refused on a stream, which waits instead", response.tag)
            };
            self.ledger.answer(response.tag, &answer.verdicts);
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks and goes away before the answer can be there.
    async fn vanish(&self, mut client: Client, random: &mut ChaCha8Rng) {
        let part = self.pick(random);
        let number = self.ledger.enter(part.verdicts.clone());
        let patience = Duration::from_micros(u64::from(random.next_u32() % 3000));
        match tokio::time::timeout(patience, client.verify(part.request())).await {
            Ok(Ok(response)) => self.ledger.answer(number, &response.into_inner().verdicts),
            Ok(Err(status)) => self.ledger.refuse(number, &status),
            Err(_) => self.ledger.give_up(number),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_request_of_a_crowd_is_answered_once() {
    let seconds = std::env::var("CHAINBOX_CROWD_SECONDS").map_or(SECONDS_DEFAULT, |seconds| seconds.parse().unwrap());
    let change = |settings: &mut Settings| {
        settings.limits.items_in_flight_max = 50_000;
        // However busy the machine is: no request waits in vain.
        settings.limits.queue_time_max = PATIENCE;
    };
    let mut running = start(change).await;
    // Few enough are invalid that the crowd is not taken for forgers, who get little.
    let pool = Scheme::ALL.into_iter().map(|scheme| {
        let spec = Spec { input: Input::Digest, signers: 16, seed: 9, invalid_share: 0.02, ..Spec::new(scheme, 4000) };
        expected(Spec { invalid_kinds: Kind::all_for(spec.shape()), ..spec })
    });
    let pool = pool.collect();
    let crowd = Arc::new(Crowd { ledger: Ledger::default(), pool, end: Instant::now() + Duration::from_secs(seconds) });
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let mut random = ChaCha8Rng::seed_from_u64(number);
        let mut client = if number.is_multiple_of(2) { running.client().await } else { running.tcp_client().await };
        let crowd = Arc::clone(&crowd);
        let socket = running.service.addresses().socket.clone().unwrap();
        clients.spawn(async move {
            let mut round = 0;
            while crowd.goes_on() {
                round += 1;
                match number % 8 {
                    0..4 => crowd.ask(&mut client, &mut random).await,
                    4 => crowd.stream(&mut client, ChaCha8Rng::seed_from_u64(number ^ (round << 8)), Duration::ZERO).await,
                    5 => crowd.stream(&mut client, ChaCha8Rng::seed_from_u64(number ^ (round << 8)), Duration::from_millis(5)).await,
                    _ => {
                        let path = socket.strip_prefix("unix:").unwrap().into();
                        let channel = crate::common::over_socket(path).await.unwrap();
                        crowd.vanish(Client::new(channel), &mut random).await;
                    }
                }
            }
        });
    }
    // Meanwhile limits change under the load.
    let mut settings = running.service.settings().clone();
    loop {
        tokio::select! {
            ended = clients.join_next() => match ended {
                Some(ended) => ended.unwrap(),
                None => break,
            },
            () = tokio::time::sleep(Duration::from_millis(200)) => {
                settings.limits.items_in_flight_max ^= 1 << 14;
                running.service.reload(&settings).unwrap();
            }
        }
    }
    let ledger = &crowd.ledger;
    assert!(ledger.open.lock().unwrap().is_empty(), "{} requests have no answer", ledger.open.lock().unwrap().len());
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!("answered {}, refused {}, given up {}", count(&ledger.answered), count(&ledger.refused), count(&ledger.given_up));
    assert!(count(&ledger.answered) > CLIENTS && count(&ledger.given_up) > 0);
    let status = crate::http::json(&running, "/status.json").await;
    assert_eq!((&status["requests_in_flight"], &status["items_queued"], &status["items_running"]), (&0.into(), &0.into(), &0.into()));
    running.service.shutdown().await.unwrap();
}
