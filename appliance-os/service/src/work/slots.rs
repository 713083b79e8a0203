//! What each lane is at.

use std::{
    sync::{Arc, Condvar},
    time::{Duration, Instant},
};

use chainbox_engine::dispatch::{BackendId, CPU, Job, Lane};

use super::{job::Slice, members::Members};

/// Jobs of many items at once: each spreads over all cores, and one fills the gaps that the other leaves at its end.
pub const BULK_LANES: usize = 2;

/// The most items of a request that is verified on the thread that accepts it: up to about a tenth of a millisecond.
const INLINE_ITEMS_MAX: usize = 2;

/// The bytes of such a request: a long message takes longer to hash than two hops to other threads.
const INLINE_BYTES_MAX: usize = 16 << 10;

/// What each lane is at: those of the CPU, then those of devices.
pub struct Slots(Vec<Slot>);

struct Slot {
    lane: Lane,
    backend: BackendId,
    is_busy: bool,
    since: Option<Instant>,
    /// The back end was quarantined while it had this job, whose items went elsewhere.
    is_given_up: bool,
    /// Handed to the thread of the lane, which has not taken it yet.
    next: Option<Assigned>,
    ready: Arc<Condvar>,
}

/// A job with what it needs.
pub struct Assigned {
    /// The lane, by its number.
    pub slot: usize,
    pub job: Job,
    pub slices: Vec<Slice>,
}

/// Whether the thread that submits a request may do it as well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Submitter {
    /// It has other requests to accept: it does what is done sooner than another thread would begin with it.
    GoesOn,
    /// It waits for the answer: it does what there is for the CPU.
    Waits,
    /// It is not one that submits.
    Other,
}

impl Assigned {
    /// Whether the thread that submitted it does it.
    pub fn is_for(&self, submitter: Submitter) -> bool {
        match submitter {
            Submitter::GoesOn => self.is_small(),
            Submitter::Waits => self.job.handed.backend == CPU,
            Submitter::Other => false,
        }
    }

    /// Whether it is done sooner than another thread would begin with it.
    fn is_small(&self) -> bool {
        let items: usize = self.slices.iter().map(|slice| slice.items.len()).sum();
        let bytes: usize = self.slices.iter().map(|slice| slice.payload.bytes()).sum();
        self.job.handed.backend == CPU && items <= INLINE_ITEMS_MAX && bytes <= INLINE_BYTES_MAX
    }
}

impl Slots {
    /// The lanes of some back ends, with nothing to do.
    pub fn new(members: &Members) -> Self {
        let slot =
            |lane, backend| Slot { lane, backend, is_busy: false, since: None, is_given_up: false, next: None, ready: Arc::default() };
        let bulk = (0..BULK_LANES).map(|_| slot(Lane::Bulk, CPU));
        let devices = members.devices().flat_map(|(id, member)| (0..member.jobs_max).map(move |_| slot(Lane::Device(id), id)));
        Self(std::iter::once(slot(Lane::Express, CPU)).chain(bulk).chain(devices).collect())
    }

    /// How long the longest running job of the CPU has been running.
    pub fn longest_job_of_cpu(&self) -> Option<Duration> {
        let of_cpu = self.0.iter().filter(|slot| slot.backend == CPU);
        of_cpu.filter_map(|slot| slot.since).map(|since| since.elapsed()).max()
    }

    /// Wakes all lanes, so that they look whether the work is over.
    pub fn wake_all(&self) {
        self.0.iter().for_each(|slot| slot.ready.notify_all());
    }

    /// Whether a back end has a job.
    pub fn is_any_busy(&self, id: BackendId) -> bool {
        self.0.iter().any(|slot| slot.backend == id && slot.is_busy)
    }

    /// Marks the jobs that a back end has as done elsewhere, and gives the number of them.
    pub fn give_up(&mut self, id: BackendId) -> usize {
        let given_up = self.0.iter_mut().filter(|slot| slot.backend == id && slot.is_busy && !slot.is_given_up);
        given_up.map(|slot| slot.is_given_up = true).count()
    }

    /// The lanes that a back end does not give back.
    pub fn stuck(&self, id: BackendId) -> usize {
        self.0.iter().filter(|slot| slot.backend == id && slot.is_given_up).count()
    }

    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// The lane of each slot.
    pub fn lanes(&self) -> impl Iterator<Item = Lane> {
        self.0.iter().map(|slot| slot.lane)
    }

    /// The lane of a slot, where it has nothing to do.
    pub fn idle(&self, slot: usize) -> Option<Lane> {
        let slot = &self.0[slot];
        (!slot.is_busy).then_some(slot.lane)
    }

    /// A lane is to have a job.
    pub fn take(&mut self, slot: usize, now: Instant) {
        let slot = &mut self.0[slot];
        slot.is_busy = true;
        slot.since = Some(now);
    }

    /// Hands a job to the thread of its lane.
    pub fn hand(&mut self, assigned: Assigned) {
        let slot = &mut self.0[assigned.slot];
        slot.next = Some(assigned);
        slot.ready.notify_one();
    }

    /// What was handed to the thread of a lane.
    pub fn handed(&mut self, slot: usize) -> Option<Assigned> {
        self.0[slot].next.take()
    }

    /// What the thread of a lane waits for.
    pub fn ready(&self, slot: usize) -> Arc<Condvar> {
        Arc::clone(&self.0[slot].ready)
    }

    /// A lane has done its job. Whether that was given up meanwhile.
    pub fn free(&mut self, slot: usize) -> bool {
        let slot = &mut self.0[slot];
        slot.is_busy = false;
        slot.since = None;
        std::mem::take(&mut slot.is_given_up)
    }
}
