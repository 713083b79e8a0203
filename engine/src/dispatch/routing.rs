//! Which work a lane takes, and how much of it: what this back end should do of it so that all of it ends soonest.

use super::{
    BackendId, CPU, Class, Dispatcher, Lane, Pending, SourceId, Standing, Task, Ticket, Time,
    costs::Size,
    filling::{Level, Server, level},
    fleet::Member,
    meter::Spread,
    next::{SLICE_TIME_MAX, nanoseconds},
    probes::Probe,
    source::Source,
};

/// The sources at which a lane looks, in their order, for work that is better done by it than by others.
const SOURCES_SEEN_MAX: usize = 4;

/// A job of a device is so long that its fixed part is about this part of it,
const FIXED_PART: f64 = 0.01;

/// and at least as long as a slice of the CPU, and at most this: how long others wait for the device.
const DEVICE_SLICE_TIME_MAX: Time = Time::from_millis(500);

/// Beside what is put into a batch by the dispatcher there is room for canaries, and for items that are longer than the mean.
const BATCH_ROOM: usize = 2;

/// A back end that shares the cores with the CPU is used where it would finish before this part of the CPU's time.
const SHARED_CORES_GAIN: f64 = 0.9;

/// A job that is overdue by some time is expected to take this many times as long again: it may hang.
const OVERDUE: f64 = 4.0;

/// A lane of the CPU that leaves something to a device leaves it for at least so long, in nanoseconds,
const PATIENCE_MIN: f64 = 500e3;

/// and at most so long.
const PATIENCE_MAX: f64 = 1e9;

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
    /// Whether it is done to learn what it takes.
    pub is_probe: bool,
}

/// When lanes are asked again that left something to other back ends.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From then on the CPU takes what there is.
    pub until: Time,
}

/// Work of one task that waits, as a lane sees it.
#[derive(Clone, Copy)]
struct Backlog {
    task: Task,
    class: Class,
    /// Whether the express lane would take it.
    is_express: bool,
    items: f64,
    item_bytes: f64,
    /// How much dearer than usual its items are for the CPU.
    factor: f64,
}

impl Backlog {
    fn item(&self, member: &Member) -> f64 {
        member.curve(self.task).item(self.item_bytes)
    }
}

impl Dispatcher {
    /// What a lane is to do of the work of one standing.
    pub(super) fn offer(&self, now: Time, standing: Standing, lane: Lane) -> Option<Offer> {
        if !self.fleet.has_devices() {
            return match lane {
                Lane::Device(_) => None,
                Lane::Express | Lane::Bulk => self.offer_of_first(standing, lane),
            };
        }
        let order = &self.groups[standing as usize].order;
        match lane {
            Lane::Express => self.offer_of(now, standing, lane, self.candidate(standing, lane)?, Class::Small),
            Lane::Device(id) if !self.fleet.get(id).is_some_and(Member::has_room) => None,
            Lane::Bulk | Lane::Device(_) => order.iter().take(SOURCES_SEEN_MAX).find_map(|id| {
                let class = self.sources[&id].next_class();
                self.offer_of(now, standing, lane, id, class).or_else(|| self.offer_of(now, standing, lane, id, class.other()))
            }),
        }
    }

    /// The CPU alone does what comes first.
    fn offer_of_first(&self, standing: Standing, lane: Lane) -> Option<Offer> {
        let source = &self.sources[&self.candidate(standing, lane)?];
        let class = if lane == Lane::Express { Class::Small } else { source.next_class() };
        source.first(class).map(|ticket| all_of(ticket, class))
    }

    /// What a lane is to do of the next request of a source.
    fn offer_of(&self, now: Time, standing: Standing, lane: Lane, id: SourceId, class: Class) -> Option<Offer> {
        let source = &self.sources[&id];
        let ticket = source.first(class)?;
        let pending = &self.requests[&ticket];
        let backend = match lane {
            Lane::Express | Lane::Bulk => CPU,
            Lane::Device(id) => id,
        };
        let all = all_of(ticket, class);
        let is_impatient = self.patience.is_some_and(|patience| patience.until <= now);
        if backend == CPU && (is_impatient || !self.fleet.devices_for(pending.task).any(|_| true)) {
            return Some(all);
        }
        let member = self.fleet.get(backend)?;
        let bytes_max = member.bytes_max();
        let item_bytes = pending.size.bytes as f64 / pending.size.items as f64;
        if !member.supports(pending.task) || item_bytes > bytes_max as f64 {
            return None;
        }
        let backlog = self.backlog(standing, source, pending, item_bytes);
        let (servers, level) = self.level(now, &backlog);
        let mine = servers.iter().position(|&(id, _)| id == backend);
        let share = mine.map_or(0.0, |index| level.shares[index]);
        let job_items_max = mine.map_or(1.0, |index| servers[index].1.job_items_max);
        let is_free = lane != Lane::Express && class == Class::Large && member.jobs == 0;
        if is_free && let Some(Probe { items }) = member.probe(now, pending.task, item_bytes, level.time, share) {
            let items_max = if backend == CPU { items } else { items.min(member.items_max()).min(member.curve(pending.task).items_max()) };
            return Some(Offer { items_max, bytes_max, is_probe: true, ..all });
        }
        if share < 1.0 {
            return None;
        }
        // The CPU cuts its share by itself.
        let items_max = if backend == CPU { share } else { (share / (share / job_items_max).ceil()).ceil() };
        Some(Offer { items_max: items_max as usize, bytes_max, ..all })
    }

    /// What waits with a request: of its task where it is small, in items of its kind where it is large.
    fn backlog(&self, standing: Standing, source: &Source, pending: &Pending, item_bytes: f64) -> Backlog {
        let group = &self.groups[standing as usize];
        let items = match pending.class {
            Class::Small => group.small.get(&pending.task).copied().unwrap_or_default() as f64,
            Class::Large => {
                let item = self.costs.item(pending.task, item_bytes, source.factor);
                let others = group.queued.saturating_sub(pending.queued) as f64 / item;
                let allowed = source.allowed() as f64 / item * group.order.len() as f64;
                (pending.left() as f64 + others).min(allowed)
            }
        };
        let factor = if pending.task.has_hints() { source.factor.get() } else { 1.0 };
        let items = items.floor().max(1.0);
        let is_express = pending.class == Class::Small && pending.size.items.max(items as usize) <= self.limits.express_items_max;
        Backlog { task: pending.task, class: pending.class, is_express, items, item_bytes, factor }
    }

    /// When the backlog is done, and who does how much of it.
    fn level(&self, now: Time, backlog: &Backlog) -> (Vec<(BackendId, Server)>, Level) {
        let cpu = self.cpu_as_server(now, backlog);
        let mut servers = vec![(CPU, cpu)];
        // Of those that share the cores one works at a time.
        let mut on_cores = (CPU, cpu, cpu.time_for(backlog.items) * SHARED_CORES_GAIN);
        let is_cpu_busy = self.fleet.cpu().jobs > 0;
        for (id, member) in self.fleet.devices_for(backlog.task) {
            if !member.curve(backlog.task).is_learnt() {
                continue;
            }
            let server = self.device_as_server(now, id, member, backlog);
            if !member.shares_cores() {
                servers.push((id, server));
            } else if !is_cpu_busy && server.time_for(backlog.items) < on_cores.2 {
                on_cores = (id, server, server.time_for(backlog.items));
            }
        }
        servers[0] = (on_cores.0, on_cores.1);
        let only: Vec<_> = servers.iter().map(|&(_, server)| server).collect();
        let level = level(&only, backlog.items);
        (servers, level)
    }

    /// The CPU: all cores together for what is large, one of them for what the express lane takes.
    fn cpu_as_server(&self, now: Time, backlog: &Backlog) -> Server {
        let curve = self.fleet.cpu().curve(backlog.task);
        let is_express = backlog.is_express;
        let is_bulk_busy = self.running.values().any(|job| job.backend == CPU && job.spread == Spread::AllCores);
        // The express lane does not wait for large jobs, but shares a core with them.
        let slowness = if is_express && is_bulk_busy { 2.0 } else { 1.0 };
        let (fixed, item) = (curve.fixed() * slowness, backlog.item(self.fleet.cpu()) * backlog.factor * slowness);
        let cores = if is_express { 1.0 } else { self.cores() as f64 };
        let left = |job: &&super::Running| job.backend == CPU && (!is_express || job.spread == Spread::Alone);
        let free = self.running.values().filter(left).map(|job| {
            let had = self.meter.read(now, job.spread) - job.reading;
            (job.expected - had as f64).max(0.0)
        });
        let work = match backlog.class {
            Class::Small => nanoseconds(self.limits.gather_time_max) as f64 * cores,
            Class::Large => self.slice_work_max() as f64,
        };
        let job_items_max = ((work - fixed) / item).min(self.slice_items_max(backlog.task) as f64).floor().max(1.0);
        Server { free: free.sum::<f64>() / cores, fixed, item: item / cores, job_items_max }
    }

    fn device_as_server(&self, now: Time, id: BackendId, member: &Member, backlog: &Backlog) -> Server {
        let (fixed, item) = (member.curve(backlog.task).fixed(), backlog.item(member));
        let [least, most] = [SLICE_TIME_MAX, DEVICE_SLICE_TIME_MAX].map(|time| nanoseconds(time) as f64);
        let within = ((fixed / FIXED_PART).clamp(least, most) - fixed) / item;
        let of_bytes = member.bytes_max() as f64 / backlog.item_bytes.max(1.0);
        let known = member.items_max().min(member.curve(backlog.task).items_max());
        let job_items_max = within.min(known as f64).min(of_bytes).floor().max(1.0);
        Server { free: self.device_free_in(now, id), fixed, item, job_items_max }
    }

    /// How long a device is expected to work on what it has, in nanoseconds. It does one job after the other.
    pub(super) fn device_free_in(&self, now: Time, backend: BackendId) -> f64 {
        let Some(member) = self.fleet.get(backend) else { return 0.0 };
        let mut jobs: Vec<_> = self.running.iter().filter(|(_, job)| job.backend == backend).collect();
        jobs.sort_unstable_by_key(|&(&id, _)| id);
        let of = |(index, (_, job)): (usize, (_, &super::Running))| {
            if index > 0 {
                return job.expected;
            }
            let passed = (now - job.began.max(member.last_end)).as_nanos() as f64;
            (job.expected - passed).max(OVERDUE * (passed - job.expected))
        };
        jobs.into_iter().enumerate().map(of).sum()
    }

    /// A lane had nothing to do: where it left something to other back ends, it is to be asked again some time later, when they should have begun.
    pub(super) fn be_patient(&mut self, now: Time) {
        let waits = self.groups.iter().any(|group| group.order.len() > 0);
        if !self.fleet.has_devices() || !waits || self.patience.is_some() {
            return;
        }
        let longest = self.fleet.iter().map(|(id, _)| self.device_free_in(now, id)).fold(0.0, f64::max);
        let wait = (2.0 * longest).clamp(PATIENCE_MIN, PATIENCE_MAX);
        self.patience = Some(Patience { until: now.saturating_add(Time::from_nanos(wait as u64)) });
    }
}

impl Member {
    /// Whether it may be given another job.
    fn has_room(&self) -> bool {
        self.is_admitted() && self.limits.as_ref().is_some_and(|limits| self.jobs < limits.jobs_max.max(1))
    }

    fn items_max(&self) -> usize {
        self.limits.as_ref().map_or(usize::MAX, |limits| {
            let most = limits.capabilities.batch_items_max;
            most.saturating_sub(super::checks::canaries_max(most)).max(1)
        })
    }

    fn bytes_max(&self) -> usize {
        self.limits.as_ref().map_or(usize::MAX, |limits| limits.capabilities.batch_bytes_max / BATCH_ROOM)
    }

    /// Whether it works on the processor's cores.
    pub fn shares_cores(&self) -> bool {
        self.limits.as_ref().is_none_or(|limits| limits.capabilities.shares_cores)
    }
}

const fn all_of(ticket: Ticket, class: Class) -> Offer {
    Offer { ticket, class, items_max: usize::MAX, bytes_max: usize::MAX, is_probe: false }
}

impl Size {
    /// Of so many items of that many bytes each.
    pub fn of(items: f64, item_bytes: f64) -> Self {
        Self { items: items as usize, bytes: (items * item_bytes) as usize }
    }
}
