//! What a lane does next: whose work, and how much of it.

use super::{
    Class, Dispatcher, Job, JobId, Lane, Part, Running, SourceId, Standing, Tag, Task, Ticket, Time,
    costs::{Size, Work},
    finish::RunningPart,
    meter::Spread,
    shares::{Side, Sides},
};

/// The most items of a job with hints: a combination gets cheaper an item up to about here.
const SLICE_ITEMS_MAX: usize = 16_384;

/// The items of a job without hints for each core: enough that the fixed part and the hand-over do not count.
const SLICE_ITEMS_OF_CORE: usize = 1_024;

/// The predicted time of a slice with all cores: how long the next one waits at most.
const SLICE_TIME_MAX: Time = Time::from_millis(20);

/// A source may be ahead of the others by that many gather times on the express lane.
const EXPRESS_BURST: u32 = 2;

impl Dispatcher {
    /// The next job of a lane; none where there is nothing that it may do now. See [`Self::has_work`].
    pub fn next(&mut self, now: Time, lane: Lane) -> Option<Job> {
        let now = self.advance(now);
        let standing = self.choose(lane)?;
        let id = self.candidate(standing, lane)?;
        let source = &self.sources[&id];
        let class = match lane {
            Lane::Express => Class::Small,
            Lane::Bulk => source.next_class(),
        };
        let ticket = source.first(class)?;
        self.groups[standing as usize].order.advance(source.tag);
        let mut draft = Draft { task: self.requests[&ticket].task, size: Size::default(), parts: Vec::new(), basis: 0 };
        match class {
            Class::Small => self.gather(&mut draft, standing, lane, ticket),
            Class::Large => self.slice(&mut draft, ticket),
        }
        Some(self.begin(now, standing, draft))
    }

    /// Whether [`Self::next`] would give this lane a job. Ask for each lane that sleeps after every other call that changes something, and wake
    /// a thread of it.
    #[must_use]
    pub fn has_work(&self, lane: Lane) -> bool {
        self.choose(lane).is_some()
    }

    /// Whose turn it is on a lane: the standing.
    fn choose(&self, lane: Lane) -> Option<Standing> {
        let can = |standing| self.candidate(standing, lane).is_some();
        // One job of suspects at a time, and none on the express lane: a lane is free when others come.
        let suspects = lane == Lane::Bulk && self.groups[Standing::Suspect as usize].jobs == 0 && can(Standing::Suspect);
        let honest = (can(Standing::Proven), can(Standing::Newcomer));
        let inner = self.inner.pick(honest, self.inner_busy());
        match self.outer.pick((inner.is_some(), suspects), self.outer_busy())? {
            Side::Other => Some(Standing::Suspect),
            Side::Favoured => inner.map(|side| match side {
                Side::Favoured => Standing::Proven,
                Side::Other => Standing::Newcomer,
            }),
        }
    }

    /// Whose turn it is on a lane: the source among those of a standing.
    fn candidate(&self, standing: Standing, lane: Lane) -> Option<SourceId> {
        let order = &self.groups[standing as usize].order;
        match lane {
            Lane::Bulk => order.first(),
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
    fn gather(&mut self, draft: &mut Draft, standing: Standing, lane: Lane, first: Ticket) {
        let cores = if lane == Lane::Bulk { self.cores() } else { 1 };
        let budget = nanoseconds(self.limits.gather_time_max).saturating_mul(cores);
        let tag_max = self.groups[standing as usize].order.now() + Tag::from(budget);
        let mut next = Some(first);
        while let Some(ticket) = next {
            let pending = &self.requests[&ticket];
            let (id, size) = (pending.source, draft.size.plus(pending.size));
            let work = self.costs.predict(draft.task, size, self.sources[&id].factor);
            let fits = work <= budget && size.items <= self.gather_items_max(lane);
            if !draft.parts.is_empty() && !fits {
                return;
            }
            self.take(draft, ticket, self.requests[&ticket].size.items);
            next = self.next_small(draft.task, standing, id, tag_max);
        }
    }

    const fn gather_items_max(&self, lane: Lane) -> usize {
        match lane {
            Lane::Express => self.limits.express_items_max,
            Lane::Bulk => SLICE_ITEMS_MAX,
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

    /// Takes the next items of a large request: all, or a slice of which a whole number, as equal as can be, makes up what is left.
    fn slice(&mut self, draft: &mut Draft, ticket: Ticket) {
        let pending = &self.requests[&ticket];
        let source = &self.sources[&pending.source];
        let items_max = if pending.task.has_hints() {
            SLICE_ITEMS_MAX
        } else {
            SLICE_ITEMS_OF_CORE.saturating_mul(self.limits.cores).clamp(1, SLICE_ITEMS_MAX)
        };
        let time_max = nanoseconds(SLICE_TIME_MAX).saturating_mul(self.cores());
        let work_max = time_max.min(source.evidence.allowance().saturating_sub(source.running));
        let item_bytes = pending.size.bytes / pending.size.items;
        let within = self.costs.items_within(pending.task, item_bytes, source.factor, work_max);
        let left = pending.size.items - pending.begun;
        let slices = left.div_ceil(within.clamp(1, items_max));
        self.take(draft, ticket, left.div_ceil(slices));
    }

    /// Moves the next items of a request from the queue into a job.
    fn take(&mut self, draft: &mut Draft, ticket: Ticket, items: usize) {
        let Some(pending) = self.requests.get_mut(&ticket) else { return };
        let Some(source) = self.sources.get_mut(&pending.source) else { return };
        let start = pending.begun;
        let size = pending.slice(items);
        let predicted = self.costs.predict(draft.task, size, source.factor);
        pending.begun += items;
        pending.running += items;
        let is_last = pending.begun == pending.size.items;
        let waited = if is_last { pending.queued } else { predicted.min(pending.queued) };
        pending.queued -= waited;
        if is_last {
            source.remove(pending.class, ticket);
        }
        if start == 0 {
            self.waiting.remove(&ticket);
        }
        source.queued -= waited;
        self.groups[source.standing() as usize].queued -= waited;
        source.begin(pending.class, predicted);
        for load in [&mut source.load, &mut self.load] {
            load.items_queued -= items;
            load.items_running += items;
        }
        let id = pending.source;
        draft.size = draft.size.plus(size);
        draft.basis += predicted;
        draft.parts.push(RunningPart { ticket, source: id, items: start..start + items, predicted });
        self.enter(id);
    }

    /// Hands the job out.
    fn begin(&mut self, now: Time, standing: Standing, draft: Draft) -> Job {
        let Draft { task, size, parts, basis } = draft;
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
        let job = Job {
            id,
            task,
            source: if mixes_sources { 0 } else { source },
            parts: parts.iter().map(|part| Part { ticket: part.ticket, items: part.items.clone() }).collect(),
        };
        let reading = self.meter.begin(now, spread);
        self.running.insert(id, Running { task, size, parts, basis, predicted, standing, spread, began: now, reading });
        job
    }
}

/// A job that is being put together.
struct Draft {
    task: Task,
    size: Size,
    parts: Vec<RunningPart>,
    /// The sum of what the parts are predicted to be each for itself.
    basis: Work,
}

impl super::Pending {
    /// The size of the next so many items, if all have the same number of bytes.
    fn slice(&self, items: usize) -> Size {
        let bytes = self.size.bytes as u128 * items as u128 / self.size.items as u128;
        Size { items, bytes: usize::try_from(bytes).unwrap_or(usize::MAX) }
    }
}

fn nanoseconds(time: Time) -> Work {
    Work::try_from(time.as_nanos()).unwrap_or(Work::MAX)
}
