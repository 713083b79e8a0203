//! What a lane does next: whose work, and how much of it.

use std::ops::Range;

use super::{
    BackendId, CPU, Checks, Class, Dispatcher, Handed, Job, JobId, Lane, Part, Running, SourceId, Standing, Tag, Task, Ticket, Time,
    checks::Spare,
    costs::{Size, Work},
    curves::Curve,
    finish::RunningPart,
    health,
    meter::Spread,
    routing::Offer,
    shares::{Side, Sides},
};

/// The most items of a job with hints: a combination gets cheaper an item up to about here.
const SLICE_ITEMS_MAX: usize = 16_384;

/// The items of a job without hints for each core: enough that the fixed part and the hand-over do not count.
const SLICE_ITEMS_OF_CORE: usize = 1_024;

/// The predicted time of a slice with all cores: how long the next one waits at most.
pub const SLICE_TIME_MAX: Time = Time::from_millis(20);

/// The parts of a job of a device: what it takes to put them together stays small beside the job.
const PARTS_MAX: usize = 4_096;

/// The sources that a device looks at for more items of its task, in their order.
const SOURCES_SEEN_MAX: usize = 32;

/// A source may be ahead of the others by that many gather times on the express lane.
const EXPRESS_BURST: u32 = 2;

impl Dispatcher {
    /// The next job of a lane; none where there is nothing that it may do now, or where another back end is to do it sooner. See [`Self::has_work`].
    pub fn next(&mut self, now: Time, lane: Lane) -> Option<Job> {
        let now = self.advance(now);
        let Some((standing, offer)) = self.choose(now, lane) else {
            self.be_patient(now);
            return None;
        };
        let group = &mut self.groups[standing as usize];
        if let Some(first) = group.order.first() {
            // Who is taken out of turn moves nobody's start.
            let tag = self.sources[&first].tag;
            group.order.advance(tag);
        }
        let mut draft = Draft { task: self.requests[&offer.ticket].task, size: Size::default(), parts: Vec::new(), alone: 0 };
        match (lane, offer.class) {
            (Lane::Device(_), _) => self.collect(&mut draft, standing, &offer),
            (_, Class::Small) => self.gather(&mut draft, standing, lane, &offer),
            (_, Class::Large) => self.slice(&mut draft, &offer),
        }
        self.patience = None;
        Some(self.begin(now, lane, standing, draft, offer.is_probe))
    }

    /// Whether [`Self::next`] would give this lane a job. Ask for each lane that sleeps after every other call that changes something, and wake
    /// a thread of it.
    #[must_use]
    pub fn has_work(&self, now: Time, lane: Lane) -> bool {
        self.choose(self.now.max(now), lane).is_some()
    }

    /// Whose turn it is on a lane: the standing, and the work among that of this standing.
    fn choose(&self, now: Time, lane: Lane) -> Option<(Standing, Offer)> {
        // One job of suspects at a time, and none on the express lane: a lane is free when others come.
        let may_be_suspect = lane != Lane::Express && self.groups[Standing::Suspect as usize].jobs == 0;
        let suspects = if may_be_suspect { self.offer(now, Standing::Suspect, lane) } else { None };
        let (proven, newcomers) = (self.offer(now, Standing::Proven, lane), self.offer(now, Standing::Newcomer, lane));
        let inner = self.inner.pick((proven.is_some(), newcomers.is_some()), self.inner_busy());
        let (standing, offer) = match (self.outer.pick((inner.is_some(), suspects.is_some()), self.outer_busy())?, inner) {
            (Side::Other, _) => (Standing::Suspect, suspects),
            (Side::Favoured, Some(Side::Other)) => (Standing::Newcomer, newcomers),
            (Side::Favoured, _) => (Standing::Proven, proven),
        };
        offer.map(|offer| (standing, offer))
    }

    /// Whose turn it is on a lane of the CPU: the source among those of a standing.
    pub(super) fn candidate(&self, standing: Standing, lane: Lane) -> Option<SourceId> {
        let order = &self.groups[standing as usize].order;
        match lane {
            Lane::Bulk | Lane::Device(_) => order.first(),
            Lane::Express => order.first_express(nanoseconds(self.limits.gather_time_max.saturating_mul(EXPRESS_BURST)).into()),
        }
    }

    fn inner_busy(&self) -> Sides {
        let [proven, newcomers, _] = &self.groups;
        (proven.in_flight > 0, newcomers.in_flight > 0)
    }

    fn outer_busy(&self) -> Sides {
        let [proven, newcomers, suspects] = &self.groups;
        (proven.in_flight + newcomers.in_flight > 0, suspects.in_flight > 0)
    }

    /// Puts small requests together in fair order, until the time is full or somebody else is due. Items with hints are put together with those
    /// of the same source only, since the engine keeps its estimate of forgeries by source.
    fn gather(&mut self, draft: &mut Draft, standing: Standing, lane: Lane, offer: &Offer) {
        let cores = if lane == Lane::Express { 1 } else { self.cores() };
        let budget = nanoseconds(self.limits.gather_time_max).saturating_mul(cores);
        let tag_max = self.groups[standing as usize].order.now() + Tag::from(budget);
        let mut next = Some(offer.ticket);
        while let Some(ticket) = next {
            let pending = &self.requests[&ticket];
            let (id, room) = (pending.source, offer.items_max - draft.size.items);
            let items = pending.left().min(room);
            let size = draft.size.plus(pending.slice(items));
            let work = self.costs.predict(draft.task, size, self.sources[&id].factor);
            let fits = work <= budget && size.items <= self.gather_items_max(lane);
            if room == 0 || (!draft.parts.is_empty() && !fits) {
                return;
            }
            self.take(draft, ticket, items);
            next = self.next_small(draft.task, standing, id, tag_max);
        }
    }

    /// Puts together what a device does in one go: requests of a task, small and large, in about the fair order; with hints from one source only.
    fn collect(&mut self, draft: &mut Draft, standing: Standing, offer: &Offer) {
        let mut next = Some(offer.ticket);
        while let Some(ticket) = next
            && draft.size.items < offer.items_max
            && draft.size.bytes < offer.bytes_max
            && draft.parts.len() < PARTS_MAX
        {
            let pending = &self.requests[&ticket];
            let source = pending.source;
            let item_bytes = (pending.size.bytes / pending.size.items).max(1);
            let room = (offer.items_max - draft.size.items).min((offer.bytes_max - draft.size.bytes).div_ceil(item_bytes));
            let taken = pending.left().min(room);
            self.take(draft, ticket, taken);
            next = self.next_of_task(draft.task, standing, source);
        }
    }

    /// The next request of a task, small or large, in about the fair order.
    fn next_of_task(&self, task: Task, standing: Standing, last: SourceId) -> Option<Ticket> {
        let of_source = |id: SourceId| {
            let source = &self.sources[&id];
            let first = [source.next_class(), source.next_class().other()].into_iter().filter_map(|class| source.first(class));
            first.into_iter().find(|ticket| self.requests[ticket].task == task)
        };
        if task.has_hints() {
            return self.sources.get(&last).filter(|source| source.is_ready()).and_then(|_| of_source(last));
        }
        let order = &self.groups[standing as usize].order;
        let any = order.iter().take(SOURCES_SEEN_MAX).find_map(of_source);
        any.or_else(|| self.next_small(task, standing, last, Tag::MAX))
    }

    const fn gather_items_max(&self, lane: Lane) -> usize {
        match lane {
            Lane::Express => self.limits.express_items_max,
            Lane::Bulk | Lane::Device(_) => SLICE_ITEMS_MAX,
        }
    }

    /// The next small request of a task, where its source is due by `tag_max`.
    fn next_small(&self, task: Task, standing: Standing, last: SourceId, tag_max: Tag) -> Option<Ticket> {
        let id = if task.has_hints() {
            let entry = self.sources[&last].entry?;
            (entry.small == Some(task) && entry.tag <= tag_max).then_some(last)?
        } else {
            self.groups[standing as usize].order.first_small(task, tag_max)?
        };
        self.sources[&id].first(Class::Small)
    }

    /// Takes the next items of a large request: all that the CPU is to do of it, or a slice of which a whole number, as equal as can be, makes that up.
    fn slice(&mut self, draft: &mut Draft, offer: &Offer) {
        let pending = &self.requests[&offer.ticket];
        let source = &self.sources[&pending.source];
        let work_max = self.slice_work_max().min(source.allowed());
        let item_bytes = pending.size.bytes / pending.size.items;
        let within = self.costs.items_within(pending.task, item_bytes, source.factor, work_max);
        let left = pending.left().min(offer.items_max);
        let slices = left.div_ceil(within.clamp(1, self.slice_items_max(pending.task)));
        self.take(draft, offer.ticket, left.div_ceil(slices));
    }

    /// The most items of a slice of the CPU.
    pub(super) fn slice_items_max(&self, task: Task) -> usize {
        if task.has_hints() { SLICE_ITEMS_MAX } else { SLICE_ITEMS_OF_CORE.saturating_mul(self.limits.cores).clamp(1, SLICE_ITEMS_MAX) }
    }

    /// The most predicted work of a slice of the CPU.
    pub(super) fn slice_work_max(&self) -> Work {
        nanoseconds(SLICE_TIME_MAX).saturating_mul(self.cores())
    }

    /// Moves the next items of a request from the queue into a job: at least one, and at most so many.
    fn take(&mut self, draft: &mut Draft, ticket: Ticket, items_max: usize) {
        let Some(pending) = self.requests.get_mut(&ticket) else { return };
        let Some(source) = self.sources.get_mut(&pending.source) else { return };
        let taken = pending.begin(items_max.max(1));
        let items = taken.len();
        let size = pending.slice(items);
        let alone = self.costs.predict(draft.task, size, source.factor);
        let before = if draft.parts.is_empty() { 0 } else { self.costs.predict(draft.task, draft.size, source.factor) };
        let with = self.costs.predict(draft.task, draft.size.plus(size), source.factor);
        let predicted = with.saturating_sub(before);
        let is_last = pending.left() == 0;
        let waited = if is_last { pending.queued } else { alone.min(pending.queued) };
        pending.queued -= waited;
        if is_last {
            source.remove(pending.class, ticket);
        }
        self.waiting.remove(&ticket);
        source.queued -= waited;
        let group = &mut self.groups[source.standing() as usize];
        group.queued -= waited;
        if pending.class == Class::Small {
            group.remove_small(pending.task, items);
        }
        source.begin(pending.class, predicted);
        for load in [&mut source.load, &mut self.load] {
            load.items_queued -= items;
            load.items_running += items;
        }
        let id = pending.source;
        draft.size = draft.size.plus(size);
        draft.alone += alone;
        draft.parts.push(RunningPart { ticket, source: id, items: taken, predicted, alone });
        self.enter(id);
    }

    /// Hands the job out.
    fn begin(&mut self, now: Time, lane: Lane, standing: Standing, draft: Draft, is_probe: bool) -> Job {
        let Draft { task, size, parts, alone } = draft;
        let source = parts.first().map_or(0, |part| part.source);
        let factor = self.sources.get(&source).map(|source| source.factor).unwrap_or_default();
        let predicted = self.costs.predict(task, size, factor);
        match standing {
            Standing::Suspect => self.outer.charge(Side::Other, predicted, self.outer_busy()),
            Standing::Proven | Standing::Newcomer => {
                let side = if standing == Standing::Proven { Side::Favoured } else { Side::Other };
                self.outer.charge(Side::Favoured, predicted, self.outer_busy());
                self.inner.charge(side, predicted, self.inner_busy());
            }
        }
        self.groups[standing as usize].jobs += 1;
        self.jobs += 1;
        let id = JobId(self.jobs);
        let is_alone = size.items <= self.limits.express_items_max;
        let spread = if is_alone { Spread::Alone } else { Spread::AllCores };
        let mixes_sources = parts.iter().any(|part| part.source != source);
        let (handed, expected) = match lane {
            Lane::Express | Lane::Bulk => self.hand_to_cpu(task, size, factor.get()),
            Lane::Device(backend) => self.hand_to_device(now, backend, task, size),
        };
        if let Some(member) = self.fleet.get_mut(handed.backend) {
            member.jobs += 1;
        }
        if is_probe {
            self.begin_probe(handed.backend);
        }
        let reading = if handed.backend == CPU { self.meter.begin(now, spread) } else { 0 };
        let job = Job {
            id,
            task,
            source: if mixes_sources { 0 } else { source },
            parts: parts.iter().map(|part| Part { ticket: part.ticket, items: part.items.clone() }).collect(),
            handed,
        };
        let (backend, deadline) = (job.handed.backend, job.handed.deadline);
        let running =
            Running { backend, task, size, parts, alone, predicted, standing, spread, began: now, reading, deadline, expected, is_probe };
        self.running.insert(id, running);
        job
    }

    /// For the CPU, with what it is expected to take of a core.
    fn hand_to_cpu(&self, task: Task, size: Size, factor: f64) -> (Handed, f64) {
        let expected = if self.fleet.has_devices() { self.fleet.cpu().curve(task).predict(size) * factor } else { 0.0 };
        (Handed { backend: CPU, deadline: None, checks: Checks::default() }, expected)
    }

    /// For a device, with what it is expected to take for the job alone.
    fn hand_to_device(&mut self, now: Time, backend: BackendId, task: Task, size: Size) -> (Handed, f64) {
        let before = self.device_free_in(now, backend);
        let (curve, failures) =
            self.fleet.get(backend).map_or_else(|| (Curve::of_device(task), 0), |member| (member.curve(task), member.failures));
        let expected = curve.predict(size);
        let time_max = health::time_max(curve.is_learnt().then_some(before + expected), failures);
        let is_cpu_idle = self.load.items_queued == 0 && self.fleet.cpu().jobs == 0;
        let item_bytes = size.bytes as f64 / size.items as f64;
        let spare = is_cpu_idle.then(|| Spare { job: expected, item: self.fleet.cpu().curve(task).item(item_bytes) });
        let checks = self.places.checks(task, size.items, spare);
        (Handed { backend, deadline: Some(now.saturating_add(time_max)), checks }, expected)
    }
}

/// A job that is being put together.
struct Draft {
    task: Task,
    size: Size,
    parts: Vec<RunningPart>,
    /// The sum of what the parts would be each for itself.
    alone: Work,
}

impl super::Pending {
    /// The size of so many items, if all have the same number of bytes.
    fn slice(&self, items: usize) -> Size {
        let bytes = self.size.bytes as u128 * items as u128 / self.size.items as u128;
        Size { items, bytes: usize::try_from(bytes).unwrap_or(usize::MAX) }
    }

    /// Counts the next items as running: those that came back first.
    fn begin(&mut self, items_max: usize) -> Range<usize> {
        let range = match self.returned.first_mut() {
            Some(range) => {
                let taken = range.start..range.end.min(range.start.saturating_add(items_max));
                range.start = taken.end;
                if range.start == range.end {
                    self.returned.remove(0);
                }
                taken
            }
            None => {
                let taken = self.begun..self.size.items.min(self.begun.saturating_add(items_max));
                self.begun = taken.end;
                taken
            }
        };
        self.running += range.len();
        range
    }
}

pub fn nanoseconds(time: Time) -> Work {
    Work::try_from(time.as_nanos()).unwrap_or(Work::MAX)
}
