//! HTTP for people and for what watches: metrics, health, the status page.

mod status;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::service::Parts;

/// Connections at once: pages, and what scrapes metrics. More wait to be accepted.
const CONNECTIONS_MAX: usize = 64;

/// How long a client may take to send the head of a request.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a connection that could not be accepted stops the next one.
const PAUSE: Duration = Duration::from_millis(50);

/// What the page may do: run its own script, ask its own server, and nothing else.
const PAGE_POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What answers.
pub fn router(parts: Arc<Parts>) -> Router {
    Router::new()
        .route("/", get(async || page()))
        .route("/status.js", get(async || ([(header::CONTENT_TYPE, "text/javascript")], include_str!("status.js"))))
        .route("/status.css", get(async || ([(header::CONTENT_TYPE, "text/css")], include_str!("status.css"))))
        .route("/status.json", get(async |State(parts): State<Arc<Parts>>| Json(status::Status::of(&parts))))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(parts)
}

fn page() -> impl IntoResponse {
    let policy = (header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    ([policy, (header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::REFERRER_POLICY, "no-referrer")], Html(include_str!("status.html")))
}

/// The text format of Prometheus.
async fn metrics(State(parts): State<Arc<Parts>>) -> impl IntoResponse {
    const CONTENT_TYPE: (HeaderName, &str) = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    let (state, reports) = (parts.work.state(), parts.work.reports());
    let text = parts.metrics.text(&state, parts.connections.bytes_in_flight(), parts.work.cpu(), &reports, parts.desk.as_deref());
    let more = parts.beside.as_ref().map(|beside| (beside.metrics)());
    ([CONTENT_TYPE], text + &more.unwrap_or_default())
}

/// Whether the process is to be kept. Devices that are not used stand below, and do not change that.
async fn healthz(State(parts): State<Arc<Parts>>) -> (StatusCode, String) {
    let (status, mut text) = answer(parts.sickness());
    parts.ailments().iter().for_each(|line| text.extend([line, "\n"]));
    (status, text)
}

/// Whether to send work here.
async fn readyz(State(parts): State<Arc<Parts>>) -> (StatusCode, String) {
    answer(parts.unreadiness())
}

fn answer(problem: Option<String>) -> (StatusCode, String) {
    match problem {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")),
    }
}

/// Serves until `closing` is cancelled.
pub async fn serve(listener: TcpListener, router: Router, closing: CancellationToken) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&connections).acquire_owned().await.expect("nobody closes it");
        let accepted = tokio::select! {
            () = closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(listener = "http", %error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        let closing = closing.clone();
        tokio::spawn(async move {
            let _permit = permit;
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME_MAX)
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                () = closing.cancelled() => {}
                served = served => if let Err(error) = served {
                    debug!(listener = "http", %error, "a connection ended");
                },
            }
        });
    }
}
