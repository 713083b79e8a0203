//! Who finds room for how many items, and what those are told who find none.

use std::time::Duration;

use super::{Dispatcher, Evidence, Refusal, Source, SourceId, SourceLimits, Standing, Work};

/// Suspects may have one in so many of all items in flight, and newcomers as many: the others find room. Newcomers become suspects with what they have
/// in flight, so they are let in only while both have no more than twice that.
const UNPROVEN_PART: usize = 4;

/// Nobody is told to try again sooner.
pub const RETRY_MIN: Duration = Duration::from_millis(1);

impl Dispatcher {
    /// The items that a source may submit now; 0 where any request would be refused, so that there is no need to read it.
    #[must_use]
    pub fn room(&self, source: SourceId) -> usize {
        match self.sources.get(&source) {
            Some(source) => self.room_of(source).min(self.room_for(source.standing())),
            None => {
                let standing = self.memory.get(source).unwrap_or(Evidence::NONE).standing();
                SourceLimits::default().items_in_flight_max.min(self.room_for(standing))
            }
        }
    }

    /// The most items of a request that a source can count on, whatever its standing: what it is told to keep to.
    #[must_use]
    pub fn request_items_max(&self, source: SourceId) -> usize {
        let limits = self.sources.get(&source).map_or(SourceLimits::default(), |source| source.limits);
        limits.items_in_flight_max.min(self.items_max(Standing::Suspect))
    }

    pub(super) fn check_room(&self, id: SourceId, items: usize) -> Result<(), Refusal> {
        let source = &self.sources[&id];
        let items_max = source.limits.items_in_flight_max.min(self.items_max(source.standing()));
        let in_flight = source.in_flight();
        if items > items_max {
            Err(Refusal::TooLarge { items, items_max })
        } else if items > self.room_of(source) {
            // At its turns it has its part of what all of its standing wait for.
            let ready = self.groups[source.standing() as usize].order.len().max(1) as u64;
            let work = source.queued.saturating_add(source.running).saturating_mul(ready);
            let retry_after = self.retry_after(source.standing(), work);
            Err(Refusal::SourceFull { in_flight, items_max, retry_after })
        } else if items > self.room_for(source.standing()) {
            Err(Refusal::Full { retry_after: self.retry_after(source.standing(), Work::MAX) })
        } else {
            Ok(())
        }
    }

    /// The items that all sources of a standing may have in flight.
    const fn items_max(&self, standing: Standing) -> usize {
        let all = self.limits.items_in_flight_max;
        match standing {
            Standing::Proven => all,
            Standing::Newcomer | Standing::Suspect => all / UNPROVEN_PART,
        }
    }

    /// The items for which a source finds room within its own limit.
    const fn room_of(&self, source: &Source) -> usize {
        let (in_flight, items_max) = (source.in_flight(), source.limits.items_in_flight_max);
        if is_shut(source.was_full, in_flight, items_max) { 0 } else { items_max.saturating_sub(in_flight) }
    }

    /// The items for which a source of this standing finds room within the limits of all.
    fn room_for(&self, standing: Standing) -> usize {
        let all = self.limits.items_in_flight_max.saturating_sub(self.load.items_queued + self.load.items_running);
        let group = &self.groups[standing as usize];
        let items_max = self.items_max(standing);
        if is_shut(group.was_full, group.in_flight, items_max) {
            return 0;
        }
        let of_group = items_max.saturating_sub(group.in_flight).min(all);
        match standing {
            Standing::Newcomer => {
                let suspects = self.groups[Standing::Suspect as usize].in_flight;
                of_group.min((2 * items_max).saturating_sub(group.in_flight + suspects))
            }
            Standing::Proven | Standing::Suspect => of_group,
        }
    }

    /// Remembers a refusal of a source that is not proven.
    pub(super) fn shut(&mut self, id: SourceId, refusal: Refusal) {
        let Some(source) = self.sources.get_mut(&id) else { return };
        if source.standing() != Standing::Proven {
            source.was_full |= matches!(refusal, Refusal::SourceFull { .. });
            self.groups[source.standing() as usize].was_full |= matches!(refusal, Refusal::Full { .. });
        }
    }

    /// What was accepted found room.
    pub(super) fn open(&mut self, id: SourceId) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.was_full = false;
            self.groups[source.standing() as usize].was_full = false;
        }
    }

    /// How long the machine takes for work of sources of this standing, or for all of their work that waits where that is less.
    fn retry_after(&self, standing: Standing, work: Work) -> Duration {
        let [proven, newcomers, _] = &self.groups;
        let per_mille = match standing {
            Standing::Newcomer if proven.in_flight > 0 => self.inner.share(),
            Standing::Suspect if proven.in_flight + newcomers.in_flight > 0 => self.outer.share(),
            _ => 1_000,
        };
        let work = work.min(self.groups[standing as usize].queued);
        let wait = Duration::from_nanos(work.saturating_mul(1_000) / per_mille / self.cores());
        wait.clamp(RETRY_MIN, self.limits.queue_time_max.max(RETRY_MIN))
    }
}

/// Whether what was full takes nothing until half of it is free. A source that is not proven and does not care for refusals would otherwise have a
/// message read for each item that gets done, only to be refused: reading costs as much as the share that it is kept to.
const fn is_shut(was_full: bool, in_flight: usize, items_max: usize) -> bool {
    was_full && in_flight > items_max / 2
}
