//! Items whose back end failed: they wait again, before all else of their requests.

use super::{Class, Dispatcher, finish::Running, finish::RunningPart};

impl Dispatcher {
    /// Undoes the beginning of a job that is not running any more: nobody is charged for it, and its items are queued again.
    pub(super) fn send_back(&mut self, job: &Running) {
        self.end_on_back_end(job);
        self.end_in_shares(job, 0);
        for part in &job.parts {
            self.send_part_back(part);
            self.enter(part.source);
            self.drop_if_gone(part.source);
        }
    }

    fn send_part_back(&mut self, part: &RunningPart) {
        let items = part.items.len();
        let Some(pending) = self.requests.get_mut(&part.ticket) else { return };
        let Some(source) = self.sources.get_mut(&part.source) else { return };
        source.end(part.predicted, 0);
        pending.running -= items;
        source.load.items_running -= items;
        self.load.items_running -= items;
        let group = &mut self.groups[source.standing() as usize];
        if pending.is_cancelled {
            group.in_flight -= items;
            if pending.running == 0 {
                self.requests.remove(&part.ticket);
            }
            return;
        }
        let place = pending.returned.partition_point(|range| range.start < part.items.start);
        pending.returned.insert(place, part.items.clone());
        pending.queued += part.alone;
        source.queued += part.alone;
        group.queued += part.alone;
        source.load.items_queued += items;
        self.load.items_queued += items;
        if pending.class == Class::Small {
            group.add_small(pending.task, items);
        }
        source.push(pending.class, part.ticket);
    }
}
