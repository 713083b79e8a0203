//! What the status page shows, as JSON.

use chainbox_engine::dispatch::Standing;
use serde::Serialize;

use crate::{
    backends::BackendReport,
    service::Parts,
    signing::{Desk, Health},
};

/// The whole.
#[derive(Serialize)]
pub struct Status {
    version: &'static str,
    uptime_seconds: u64,
    /// Why no work should be sent here; `null` where it should.
    problem: Option<String>,
    items_total: u64,
    requests_in_flight: usize,
    items_queued: usize,
    items_running: usize,
    items_in_flight_max: usize,
    message_bytes: usize,
    message_bytes_max: usize,
    listeners: Listeners,
    sources: Vec<Source>,
    backends: Vec<Backend>,
    /// `null` where nothing signs.
    signing: Option<Signing>,
}

/// What signs.
#[derive(Serialize)]
struct Signing {
    device: String,
    #[serde(flatten)]
    health: Health,
    restarts_total: u64,
    signed_total: u64,
    failed_total: u64,
    items_in_flight: usize,
}

/// Where it listens.
#[derive(Serialize)]
struct Listeners {
    grpc: Option<String>,
    socket: Option<String>,
    http: Option<String>,
}

#[derive(Serialize)]
struct Source {
    name: String,
    connections: usize,
    items_total: u64,
    invalid_total: u64,
    refused_total: u64,
    items_in_flight: usize,
    standing: Option<&'static str>,
}

#[derive(Serialize)]
struct Backend {
    #[serde(flatten)]
    report: BackendReport,
    /// Of the CPU.
    strategies: Vec<Strategy>,
}

#[derive(Serialize)]
struct Strategy {
    name: &'static str,
    items_total: u64,
}

impl Status {
    /// What holds now.
    pub fn of(parts: &Parts) -> Self {
        let state = parts.work.state();
        let limits = parts.live.limits();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: parts.metrics.uptime().as_secs(),
            problem: parts.unreadiness(),
            items_total: parts.metrics.items(),
            requests_in_flight: parts.work.requests(),
            items_queued: state.load.items_queued,
            items_running: state.load.items_running,
            items_in_flight_max: limits.items_in_flight_max,
            message_bytes: parts.connections.bytes_in_flight(),
            message_bytes_max: limits.bytes_in_flight_max,
            listeners: Listeners {
                grpc: parts.addresses.grpc.clone(),
                socket: parts.addresses.socket.clone(),
                http: parts.addresses.http.clone(),
            },
            sources: sources(parts),
            backends: backends(parts),
            signing: parts.desk.as_deref().map(|desk| signing(parts, desk)),
        }
    }
}

fn signing(parts: &Parts, desk: &Desk) -> Signing {
    let (signed_total, failed_total) = parts.metrics.signatures();
    Signing {
        device: desk.device().to_owned(),
        health: desk.health(),
        restarts_total: desk.restarts(),
        signed_total,
        failed_total,
        items_in_flight: desk.items_in_flight(),
    }
}

fn backends(parts: &Parts) -> Vec<Backend> {
    let cpu = parts.work.cpu();
    let rows = parts.work.reports().into_iter().map(|report| {
        let decided = if report.name == cpu.name() { cpu.decided() } else { Vec::new() };
        let strategies = decided.into_iter().map(|(strategy, items_total)| Strategy { name: strategy.name(), items_total });
        Backend { strategies: strategies.collect(), report }
    });
    rows.collect()
}

fn sources(parts: &Parts) -> Vec<Source> {
    use std::sync::atomic::Ordering::Relaxed;
    let states = parts.work.sources();
    let rows = parts.sources.live().into_iter().map(|source| {
        let state = states.get(&source.id);
        Source {
            connections: source.connections(),
            items_total: source.counts.items.load(Relaxed),
            invalid_total: source.counts.invalid.load(Relaxed),
            refused_total: source.counts.refused.load(Relaxed),
            items_in_flight: state.map_or(0, |state| state.load.items_queued + state.load.items_running),
            standing: state.map(|state| standing(state.standing)),
            name: source.name.clone(),
        }
    });
    rows.collect()
}

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Proven => "proven",
        Standing::Newcomer => "newcomer",
        Standing::Suspect => "suspect",
    }
}
