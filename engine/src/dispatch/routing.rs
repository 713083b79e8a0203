//! Which work a lane takes, and how much of it.

use super::{BackendId, CPU, Class, Dispatcher, Lane, Standing, Ticket, Time};

/// What a lane is to do next.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// The request to begin with.
    pub ticket: Ticket,
    /// Which of its source's queues it is in.
    pub class: Class,
    /// The most items of the job.
    pub items_max: usize,
    /// The most bytes of it.
    pub bytes_max: usize,
}

impl Dispatcher {
    /// What a lane is to do of the work of one standing.
    pub(super) fn offer(&self, now: Time, standing: Standing, lane: Lane) -> Option<Offer> {
        if matches!(lane, Lane::Device(_)) || self.fleet.has_devices() && now < Time::ZERO {
            return None;
        }
        let source = &self.sources[&self.candidate(standing, lane)?];
        let class = if lane == Lane::Express { Class::Small } else { source.next_class() };
        source.first(class).map(|ticket| Offer { ticket, class, items_max: usize::MAX, bytes_max: usize::MAX })
    }

    /// How long a device is expected to work on what it has, in nanoseconds.
    pub(super) fn device_free_in(&self, now: Time, backend: BackendId) -> f64 {
        let of = |job: &&super::Running| job.backend == backend && job.backend != CPU;
        self.running.values().filter(of).map(|job| (job.expected - (now - job.began).as_nanos() as f64).max(0.0)).sum()
    }

    /// Remembers when lanes are to be asked again that had nothing to do.
    pub(super) fn plan_to_ask_again(&mut self, _now: Time) {}
}
