//! What is counted, and how it is shown to Prometheus.
//!
//! Names: `chainbox_` first, base units, no label with many values. Sources that the settings do not name share the label `other`.

use std::time::{Duration, Instant};

use chainbox_engine::{backend::Backend, dispatch::Task, hash::Hash, scheme::Scheme, strategy::Strategy};
use chainbox_hsm::{Kind, Role};
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
    core::Collector as _,
};

use crate::{
    backends::{BackendHealth, BackendReport},
    settings::Hsm,
    signing::Desk,
    source::Source,
};

/// Bounds of histograms of times: 20 microseconds to 10 seconds.
const SECONDS: [f64; 18] = [2e-5, 5e-5, 1e-4, 2e-4, 3e-4, 5e-4, 7.5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.3, 1.0, 3.0, 10.0];

/// Bounds of histograms of numbers of items.
const ITEMS: [f64; 10] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0];

/// The label of sources that the settings do not name.
const OTHER_SOURCES: &str = "other";

/// The result of what was signed.
const SIGNED: &str = "signed";

/// The label of what an item does not tell.
const UNKNOWN: &str = "unknown";

/// All that is counted.
pub struct Metrics {
    registry: Registry,
    start: Instant,
    /// Items verified, by scheme, back end and result.
    signatures: IntCounterVec,
    /// Time of a batch in the back end, by scheme.
    verify_duration: HistogramVec,
    /// Items of a batch.
    batch_items: Histogram,
    /// Messages digested, by hash function and back end.
    digests: IntCounterVec,
    /// Keys asked for, by back end and result.
    recoveries: IntCounterVec,
    /// Time from acceptance to the begin of work.
    pub queue_wait: Histogram,
    requests: IntCounterVec,
    request_duration: HistogramVec,
    source_items: IntCounterVec,
    source_refused: IntCounterVec,
    /// Open connections, by listener.
    pub connections: IntGaugeVec,
    /// Connections that were turned away, by the reason.
    pub connections_refused: IntCounterVec,
    /// Batches that a back end gave no verdicts on.
    fallback: IntCounterVec,
    /// Wrong answers of back ends that were noticed.
    disagreements: IntCounterVec,
    backend_items: IntCounterVec,
    backend_audited_items: IntCounterVec,
    quarantines: IntCounterVec,
    admitted: IntGaugeVec,
    stuck_threads: IntGaugeVec,
    queued_items: IntGauge,
    running_items: IntGauge,
    bytes_in_flight: IntGauge,
    strategies: IntCounterVec,
    /// Items that were to be signed, by scheme, role and result.
    sign_signatures: IntCounterVec,
    /// Time of a request to sign.
    pub sign_duration: Histogram,
    sign_in_flight: IntGaugeVec,
    sign_device_up: IntGaugeVec,
    sign_device_restarts: IntCounterVec,
    /// Reloads of the settings, by result.
    pub reloads: IntCounterVec,
    /// Items that were answered, of all kinds.
    answered: IntCounter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Everything at zero.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let made = Maker(&registry);
        let metrics = Self {
            signatures: made.counters("verify_signatures_total", "Signatures verified.", &["scheme", "backend", "result"]),
            verify_duration: made.histograms("verify_duration_seconds", "Time of a batch of signatures in the back end.", &["scheme"]),
            batch_items: made.histogram("batch_items", "Items of a batch that went to the back end.", &ITEMS),
            digests: made.counters("digest_messages_total", "Messages digested.", &["hash", "backend"]),
            recoveries: made.counters("recover_keys_total", "Recoveries of keys.", &["backend", "result"]),
            queue_wait: made.histogram("queue_wait_seconds", "Time from the acceptance of a request to the begin of its work.", &SECONDS),
            requests: made.counters("requests_total", "Requests answered or refused, by gRPC code.", &["method", "code"]),
            request_duration: made.histograms("request_duration_seconds", "Time from a request's last byte to its answer.", &["method"]),
            source_items: made.counters("source_items_total", "Items answered, by source.", &["source", "result"]),
            source_refused: made.counters("source_refused_total", "Requests refused, by source.", &["source"]),
            connections: made.gauges("connections", "Open connections.", &["listener"]),
            connections_refused: made.counters("connections_refused_total", "Connections that were turned away.", &["reason"]),
            fallback: made.counters("backend_fallback_total", "Batches that a back end gave no verdicts on.", &["backend"]),
            disagreements: made.counters(
                "backend_disagreements_total",
                "Wrong answers of a back end that were noticed: to known answers, or beside the CPU.",
                &["backend"],
            ),
            backend_items: made.counters("backend_items_total", "Items that a back end decided, of all kinds.", &["backend"]),
            backend_audited_items: made.counters(
                "backend_audited_items_total",
                "Of those, the items that the CPU decided again.",
                &["backend"],
            ),
            quarantines: made.counters("backend_quarantines_total", "How often a back end failed and was put aside.", &["backend"]),
            admitted: made.gauges("backend_admitted", "1 where a back end gave the known answers and is used, else 0.", &["backend"]),
            stuck_threads: made.gauges("backend_stuck_threads", "Threads that a back end does not give back.", &["backend"]),
            queued_items: made.gauge("queue_items", "Items accepted whose work has not begun."),
            running_items: made.gauge("running_items", "Items at work."),
            bytes_in_flight: made.gauge("message_bytes", "Bytes of messages that are being received, or accepted and not yet answered."),
            strategies: made.counters("strategy_items_total", "Items that each strategy of the CPU decided.", &["strategy"]),
            sign_signatures: made.counters(
                "sign_signatures_total",
                "Items that were to be signed; the result is `signed`, or why it was not.",
                &["scheme", "role", "result"],
            ),
            sign_duration: made.histogram(
                "sign_duration_seconds",
                "Time of a request to sign, from its last byte to its answers.",
                &SECONDS,
            ),
            sign_in_flight: made.gauges("sign_items", "Items to sign that are accepted and not yet answered.", &["device"]),
            sign_device_up: made.gauges(
                "sign_device_up",
                "1 where the device that signs answered when it was last asked, else 0.",
                &["device"],
            ),
            sign_device_restarts: made.counters(
                "sign_device_restarts_total",
                "How often the process that holds the device was started again.",
                &["device"],
            ),
            reloads: made.counters("settings_reloads_total", "Reloads of the settings.", &["result"]),
            answered: made.counter("items_total", "Items answered, of all kinds."),
            start: Instant::now(),
            registry: registry.clone(),
        };
        let build = made.gauges("build_info", "The version that runs; always 1.", &["version"]);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        #[cfg(target_os = "linux")]
        made.register(prometheus::process_collector::ProcessCollector::for_self());
        metrics
    }

    /// How long the service runs.
    pub fn uptime(&self) -> Duration {
        self.start.elapsed()
    }

    /// Items answered since the start.
    pub fn items(&self) -> u64 {
        self.answered.get()
    }

    /// Counts a job whose answers count.
    pub fn ran(&self, task: &Task, backend: &str, items: usize, invalid: usize, busy: Duration) {
        self.batch_items.observe(items as f64);
        self.answered.inc_by(items as u64);
        let by_result = [("valid", (items - invalid) as u64), ("invalid", invalid as u64)];
        match task {
            Task::Verify { shape, .. } => {
                let scheme = shape.scheme.name();
                self.verify_duration.with_label_values(&[scheme]).observe(busy.as_secs_f64());
                for (result, count) in by_result {
                    self.signatures.with_label_values(&[scheme, backend, result]).inc_by(count);
                }
            }
            Task::Recover { .. } => {
                for (result, count) in by_result {
                    self.recoveries.with_label_values(&[backend, result]).inc_by(count);
                }
            }
            Task::Digest(hash) => self.digests.with_label_values(&[hash.name(), backend]).inc_by(items as u64),
        }
    }

    /// Counts batches that a back end gave no verdicts on.
    pub fn fell_back(&self, backend: &str, batches: usize) {
        self.fallback.with_label_values(&[backend]).inc_by(batches as u64);
    }

    /// Counts a wrong answer of a back end.
    pub fn disagreed(&self, backend: &str) {
        self.disagreements.with_label_values(&[backend]).inc();
    }

    /// Counts a request, which took `time` from its last byte to its answer.
    pub fn request(&self, method: &str, code: &str, time: Duration) {
        self.requests.with_label_values(&[method, code]).inc();
        self.request_duration.with_label_values(&[method]).observe(time.as_secs_f64());
    }

    /// Counts items answered to a source.
    pub fn answered_to(&self, source: &Source, valid: usize, invalid: usize) {
        let name = label_of(source);
        self.source_items.with_label_values(&[name, "valid"]).inc_by(valid as u64);
        self.source_items.with_label_values(&[name, "invalid"]).inc_by(invalid as u64);
    }

    /// Counts a request of a source that was refused.
    pub fn refused_to(&self, source: &Source) {
        self.source_refused.with_label_values(&[label_of(source)]).inc();
    }

    /// Counts an item that was to be signed; scheme and role are missing where the item is no request or names no key of the settings.
    pub fn signed(&self, scheme: Option<Scheme>, role: Option<Role>, failed: Option<Kind>) {
        let labels = [scheme.map_or(UNKNOWN, Scheme::name), role.map_or(UNKNOWN, Role::name), failed.map_or(SIGNED, Kind::name)];
        self.sign_signatures.with_label_values(&labels).inc();
    }

    /// The text that Prometheus scrapes; what is not counted but looked up is looked up now.
    pub fn text(
        &self,
        state: &chainbox_engine::dispatch::State,
        bytes_in_flight: usize,
        cpu: &dyn Backend,
        backends: &[BackendReport],
        desk: Option<&Desk>,
    ) -> String {
        if let Some(desk) = desk {
            self.sign_in_flight.with_label_values(&[desk.device()]).set(desk.items_in_flight() as i64);
            self.sign_device_up.with_label_values(&[desk.device()]).set(desk.health().problem.is_none().into());
            raise(&self.sign_device_restarts, desk.device(), desk.restarts());
        }
        self.queued_items.set(state.load.items_queued as i64);
        self.running_items.set(state.load.items_running as i64);
        self.bytes_in_flight.set(bytes_in_flight as i64);
        for (strategy, items) in cpu.decided() {
            raise(&self.strategies, strategy.name(), items);
        }
        for report in backends {
            raise(&self.backend_items, &report.name, report.items_total);
            raise(&self.backend_audited_items, &report.name, report.items_audited_total);
            raise(&self.quarantines, &report.name, report.quarantines_total);
            let is_admitted = report.state == BackendHealth::Admitted;
            self.admitted.with_label_values(&[&report.name]).set(is_admitted.into());
            self.stuck_threads.with_label_values(&[&report.name]).set(report.threads_stuck as i64);
        }
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).expect("memory takes any text");
        String::from_utf8(text).expect("names and labels are text")
    }

    /// Items that were signed, and those that were not.
    pub fn signatures(&self) -> (u64, u64) {
        let mut counts = (0, 0);
        for family in self.sign_signatures.collect() {
            for row in family.get_metric() {
                let is_signed = row.get_label().iter().any(|label| label.name() == "result" && label.value() == SIGNED);
                let count = if is_signed { &mut counts.0 } else { &mut counts.1 };
                *count += row.get_counter().get_value() as u64;
            }
        }
        counts
    }

    /// Makes the rows of signing, for the schemes and roles that the settings name.
    pub fn prepare_signing(&self, hsm: &Hsm) {
        for key in &hsm.keys {
            for role in &key.roles {
                self.sign_signatures.with_label_values(&[key.scheme.map_or(UNKNOWN, Scheme::name), role.name(), SIGNED]);
            }
        }
    }

    /// Makes all rows that have labels out of closed lists, so that they are there before the first item.
    pub fn prepare(&self, backend: &str) {
        for scheme in Scheme::ALL {
            self.verify_duration.with_label_values(&[scheme.name()]);
            for result in ["valid", "invalid"] {
                self.signatures.with_label_values(&[scheme.name(), backend, result]);
            }
        }
        for hash in Hash::ALL {
            self.digests.with_label_values(&[hash.name(), backend]);
        }
        for result in ["valid", "invalid"] {
            self.recoveries.with_label_values(&[backend, result]);
        }
        for strategy in Strategy::ALL {
            self.strategies.with_label_values(&[strategy.name()]);
        }
        self.fallback.with_label_values(&[backend]);
        self.disagreements.with_label_values(&[backend]);
    }
}

/// Brings a counter to what something else counted.
fn raise(counters: &IntCounterVec, label: &str, total: u64) {
    let counter = counters.with_label_values(&[label]);
    counter.inc_by(total.saturating_sub(counter.get()));
}

/// The label of a source: the names of the settings are few, addresses and users are not.
fn label_of(source: &Source) -> &str {
    if source.is_named { &source.name } else { OTHER_SOURCES }
}

/// Makes and registers. Names and labels are constants, and a test makes them all: nothing here fails at run time.
struct Maker<'a>(&'a Registry);

const CONSTANT: &str = "names and labels are constants that a test makes";

impl Maker<'_> {
    fn register<C: prometheus::core::Collector + 'static>(&self, collector: C) {
        self.0.register(Box::new(collector)).expect(CONSTANT);
    }

    fn keep<C: prometheus::core::Collector + Clone + 'static>(&self, collector: prometheus::Result<C>) -> C {
        let collector = collector.expect(CONSTANT);
        self.register(collector.clone());
        collector
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.keep(IntCounter::with_opts(options(name, help)))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.keep(IntCounterVec::new(options(name, help), labels))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.keep(IntGauge::with_opts(options(name, help)))
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.keep(IntGaugeVec::new(options(name, help), labels))
    }

    fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Histogram {
        self.keep(Histogram::with_opts(HistogramOpts::from(options(name, help)).buckets(bounds.to_vec())))
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> HistogramVec {
        self.keep(HistogramVec::new(HistogramOpts::from(options(name, help)).buckets(SECONDS.to_vec()), labels))
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("chainbox")
}
