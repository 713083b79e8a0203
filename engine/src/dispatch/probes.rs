//! Small jobs that keep the curve of a back end true which is not used by itself: beside large work, so that nobody waits for them.

use super::{BackendId, CPU, Dispatcher, Task, Time, costs::Size, finish::Running, fleet::Member};

/// A prediction that may be off by more than this part is not known well.
const DOUBT: f64 = 0.1;

/// A job of one item is tried beside work that takes that many times as long,
const SMALL_PROBE: f64 = 16.0;

/// or so many times, where nothing is known yet.
const FIRST_PROBE: f64 = 4.0;

/// A larger one takes that part of the time that the work takes.
const LARGE_PROBE: f64 = 1.0 / 8.0;

/// After a probe there is none for that many times as long: they take at most a twentieth of a device's time,
const REST: u32 = 20;

/// and half a percent of the time of one that shares the cores with the CPU.
const REST_OF_CORES: u32 = 200;

/// A job to learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The most items of it.
    pub items: usize,
}

impl Member {
    /// What is to be tried beside work that takes `time` nanoseconds with a share of so many items for this back end, if anything.
    pub fn probe(&self, now: Time, task: Task, item_bytes: f64, time: f64, share: f64) -> Option<Probe> {
        if now < self.probe_from {
            return None;
        }
        let curve = self.curve(task);
        let is_doubtful = |items: f64| curve.doubt(now, Size::of(items, item_bytes)) > DOUBT;
        let (fixed, item) = (curve.fixed(), curve.item(item_bytes));
        let is_short = time >= (fixed + item) * if curve.is_learnt() { SMALL_PROBE } else { FIRST_PROBE };
        if is_short && is_doubtful(1.0) && (curve.is_learnt() || curve.jobs().is_multiple_of(2)) {
            return Some(Probe { items: 1 });
        }
        let large = ((time * LARGE_PROBE - fixed) / item).min(curve.items_max() as f64).floor();
        (share < 1.0 && large > 1.0 && is_doubtful(large)).then_some(Probe { items: large as usize })
    }
}

impl Dispatcher {
    /// A probe begins: there is no other meanwhile.
    pub(super) fn begin_probe(&mut self, backend: BackendId) {
        if let Some(member) = self.fleet.get_mut(backend) {
            member.probe_from = Time::MAX;
        }
    }

    /// A job ends: a probe is followed by a rest.
    pub(super) fn end_probe(&mut self, job: &Running) {
        let now = self.now;
        if let Some(member) = self.fleet.get_mut(job.backend)
            && job.is_probe
        {
            let rest = if job.backend != CPU && member.shares_cores() { REST_OF_CORES } else { REST };
            member.probe_from = now.saturating_add((now - job.began).saturating_mul(rest));
        }
    }
}
