//! Ten times what the node can check, nearly all of it forged: what honest sources keep, by the costs that were measured (docs/performance.md, "The node").

use std::time::Duration;

use chainbox_node::pool::{Chunk, Gate, GateLimits};

/// A transaction's checks before its signature and the verification, on two cores: 2 and 12 us of a thread.
const ITEM: Duration = Duration::from_micros(7);

/// Transactions of a request.
const REQUEST: usize = 100;

/// Honest sources, of whom each asks for a two-hundredth of the capacity: a tenth all together.
const HONEST: u64 = 20;

/// How long it goes on, of which the first part is no matter: nobody has failed yet.
const TIME: Duration = Duration::from_secs(12);
const BEGINNING: Duration = Duration::from_secs(2);

/// A client that sends a request each so often.
struct Client {
    id: u64,
    period: Duration,
    next: Duration,
    is_honest: bool,
}

/// A request on its way.
struct Sent {
    is_forged: bool,
    /// Whether it is one of those of which a share is to be kept.
    counts: bool,
}

/// The share of honest requests that are checked, beside so many who forge: together they ask for 9.9 times the capacity.
fn kept(forgers: u64) -> f64 {
    let request = ITEM * REQUEST as u32;
    let client = |id: u64, period: Duration, is_honest| Client { id, period, next: period.mul_f64((id as f64 * 0.618).fract()), is_honest };
    let honest = (0..HONEST).map(|id| client(id, request * 200, true));
    let forging = (0..forgers).map(|id| client(1000 + id, request.mul_f64(forgers as f64 / 9.9), false));
    let mut clients: Vec<Client> = honest.chain(forging).collect();
    let mut gate: Gate<Sent> = Gate::new(GateLimits::default());
    let (mut offered, mut checked) = (0, 0);
    let mut free_at = Duration::ZERO;
    let mut under_way: Option<Chunk<Sent>> = None;
    loop {
        let client = clients.iter_mut().min_by_key(|client| client.next).expect("somebody sends");
        let now = client.next;
        if now > TIME {
            break;
        }
        client.next += client.period;
        // What is checked until then.
        while free_at <= now {
            if let Some(done) = under_way.take() {
                checked += usize::from(done.content.counts);
                if done.content.is_forged {
                    gate.failed(done.source, done.items);
                }
            }
            match gate.pop() {
                Some(chunk) => {
                    free_at += ITEM * chunk.items as u32;
                    under_way = Some(chunk);
                }
                None => {
                    free_at = now;
                    break;
                }
            }
        }
        // Those at the end are still under way when it is over.
        let counts = now >= BEGINNING && now + BEGINNING < TIME;
        let content = Sent { is_forged: !client.is_honest, counts: client.is_honest && counts };
        offered += usize::from(content.counts);
        let chunk = Chunk { source: client.id, items: REQUEST, bytes: REQUEST * 200, content };
        drop(gate.offer(now, chunk));
    }
    checked as f64 / offered as f64
}

#[test]
fn honest_sources_keep_theirs_beside_forgers() {
    for forgers in [1, 20, 200] {
        let kept = kept(forgers);
        assert!(kept >= 0.95, "{kept} beside {forgers} forgers");
    }
}
