//! The dispatcher's queue: who goes next, with how many items.
//!
//! Requests of many sources come in, jobs for lanes go out. Sources share the machine by what their items cost, not by their number: those
//! that have proved themselves first, newcomers and suspects within small shares beside them. Small requests of one task gather while lanes are
//! busy, large ones are cut into slices. docs/adr/009-fair-queue.md says why it is so.
//!
//! Pure: no clock, no I/O, no threads. Lanes ask for jobs and report what they took; time is passed in. Each call takes a time that grows with
//! the logarithm of sources and requests, and with the parts of the job that it makes or ends.

mod again;
mod backends;
mod checks;
mod costs;
mod curves;
mod filling;
mod finish;
mod fleet;
mod health;
mod limits;
mod meter;
mod next;
mod order;
mod pass;
mod probes;
mod request;
mod room;
mod routing;
mod shares;
mod source;
mod standing;
mod state;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    ops::Range,
    time::Duration,
};

use checks::Places;
use costs::{Costs, Size, Work};
use finish::Running;
use fleet::Fleet;
use meter::{Meter, Spread};
use order::{Entry, Order};
use routing::Patience;
use shares::Split;
use source::{Class, Memory, Source};
use standing::Evidence;

pub use backends::{
    BackendId, BackendLimits, BackendState, CPU, Canary, Checks, Due, Event, Finished, Handed, Health, LearntCurve, Outcome, PAUSE_MAX,
    PAUSE_MIN,
};
pub use limits::{Limits, SourceLimits};
pub use pass::Pass;
pub use request::{Job, JobId, Lane, Part, Refusal, Request, Task, Ticket};
pub use state::{Load, SourceState, Standing, State};

/// Time since an arbitrary start that stays the same.
pub type Time = Duration;

/// Who asks, by a number that stays the same. 0 is nobody's: a job that mixes sources has it.
pub type SourceId = u64;

/// What a flow had, over its weight, in nanoseconds: wide enough for any weight and any uptime.
type Tag = u128;

/// The share of all suspects together, in thousandths, while any other source has items in flight.
const SUSPECTS_PER_MILLE: u64 = 15;

/// The share of all newcomers together, in thousandths of what suspects leave, while any proven source has items in flight.
const NEWCOMERS_PER_MILLE: u64 = 200;

/// The same while there is an alarm. With the share of suspects, and with what sources that prove themselves only to forge can spoil, it is below a
/// twentieth.
const NEWCOMERS_PER_MILLE_IN_ALARM: u64 = 5;

/// There is an alarm for so long after a source that nobody named became a suspect: others may be its next names.
const ALARM_TIME: Duration = Duration::from_secs(10);

/// A request that is not finished.
#[derive(Debug)]
struct Pending {
    source: SourceId,
    task: Task,
    class: Class,
    size: Size,
    /// The predicted work of what has not begun.
    queued: Work,
    /// Items that were handed out in jobs, from the first on.
    begun: usize,
    /// Of those, the items in jobs that are not finished.
    running: usize,
    /// Items that were handed out and came back, ascending: they go first.
    returned: Vec<Range<usize>>,
    is_cancelled: bool,
}

impl Pending {
    /// The items of which no job was made yet, or whose job failed.
    fn left(&self) -> usize {
        self.size.items - self.begun + self.returned.iter().map(Range::len).sum::<usize>()
    }
}

/// What all sources of one standing have.
#[derive(Debug, Default)]
struct Group {
    order: Order,
    in_flight: usize,
    /// The predicted work that waits.
    queued: Work,
    jobs: usize,
    /// Whether one of them was refused since they had room: see `room::is_shut`.
    was_full: bool,
    /// The items of small requests that wait. There are finitely many tasks.
    small: HashMap<Task, usize>,
}

impl Group {
    fn add_small(&mut self, task: Task, items: usize) {
        *self.small.entry(task).or_default() += items;
    }

    fn remove_small(&mut self, task: Task, items: usize) {
        if let Some(waiting) = self.small.get_mut(&task) {
            *waiting -= items;
        }
    }
}

/// The queue.
#[derive(Debug)]
pub struct Dispatcher {
    limits: Limits,
    /// The latest time that was passed in: time never goes back.
    now: Time,
    /// The end of the alarm.
    alarm_until: Time,
    sources: HashMap<SourceId, Source>,
    memory: Memory,
    /// By standing.
    groups: [Group; 3],
    /// Proven sources and newcomers beside suspects.
    outer: Split,
    /// Proven sources beside newcomers.
    inner: Split,
    requests: HashMap<Ticket, Pending>,
    /// Those of which nothing began, the oldest first.
    waiting: BTreeMap<Ticket, Time>,
    running: HashMap<JobId, Running>,
    /// Requests that passed the queue and are not done.
    passing: usize,
    load: Load,
    costs: Costs,
    meter: Meter,
    fleet: Fleet,
    places: Places,
    events: VecDeque<Event>,
    /// While lanes leave work to other back ends.
    patience: Option<Patience>,
    tickets: u64,
    jobs: u64,
}

impl Dispatcher {
    /// An empty queue, with the CPU as the only back end. The seed decides at which places the answers of others are checked: a secret.
    #[must_use]
    pub fn new(limits: Limits, seed: [u8; 32]) -> Self {
        Self {
            limits,
            now: Time::ZERO,
            alarm_until: Time::ZERO,
            sources: HashMap::new(),
            memory: Memory::default(),
            groups: Default::default(),
            outer: Split::new(SUSPECTS_PER_MILLE),
            inner: Split::new(NEWCOMERS_PER_MILLE),
            requests: HashMap::new(),
            waiting: BTreeMap::new(),
            running: HashMap::new(),
            passing: 0,
            load: Load::default(),
            costs: Costs::default(),
            meter: Meter::new(limits.cores),
            fleet: Fleet::new(),
            places: Places::new(seed),
            events: VecDeque::new(),
            patience: None,
            tickets: 0,
            jobs: 0,
        }
    }

    /// Sets other limits. What was accepted stays accepted.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.meter.set_cores(self.now, limits.cores);
        let sources: Vec<_> = self.sources.keys().copied().collect();
        for source in sources {
            self.enter(source);
        }
    }

    /// Makes a source known, or gives a known one other limits. One that submits without being known has the default ones.
    pub fn set_source(&mut self, source: SourceId, limits: SourceLimits) {
        let known = self.known(source, limits);
        known.limits = limits;
        known.is_leaving = false;
    }

    /// Forgets a source once it has nothing in flight. Its standing is kept for a while, in case that it comes back.
    pub fn forget_source(&mut self, source: SourceId) {
        if let Some(known) = self.sources.get_mut(&source) {
            known.is_leaving = true;
            self.drop_if_gone(source);
        }
    }

    /// Accepts a request.
    ///
    /// # Errors
    /// [`Refusal`]; nothing is kept then.
    pub fn submit(&mut self, now: Time, request: Request) -> Result<Ticket, Refusal> {
        let now = self.advance(now);
        let Request { task, items, bytes, source: id } = request;
        if items == 0 {
            return Err(Refusal::Empty);
        }
        let is_new = !self.sources.contains_key(&id);
        self.known(id, SourceLimits::default());
        if let Err(refusal) = self.check_room(id, items) {
            self.shut(id, refusal);
            if is_new {
                self.forget_source(id);
            }
            return Err(refusal);
        }
        self.open(id);
        let size = Size { items, bytes };
        let factor = self.sources[&id].factor;
        let work = self.costs.predict(task, size, factor);
        let class = if u128::from(work) <= self.limits.gather_time_max.as_nanos() { Class::Small } else { Class::Large };
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let pending =
            Pending { source: id, task, class, size, queued: work, begun: 0, running: 0, returned: Vec::new(), is_cancelled: false };
        self.requests.insert(ticket, pending);
        self.waiting.insert(ticket, now);
        if let Some(source) = self.sources.get_mut(&id) {
            source.push(class, ticket);
            source.load.items_queued += items;
            source.queued += work;
            let group = &mut self.groups[source.standing() as usize];
            group.in_flight += items;
            group.queued += work;
            if class == Class::Small {
                group.add_small(task, items);
            }
            self.load.items_queued += items;
        }
        self.enter(id);
        Ok(ticket)
    }

    /// Nobody waits for this request any more: what has not begun is dropped, what has begun ends normally. An unknown ticket changes nothing.
    pub fn cancel(&mut self, ticket: Ticket) {
        let Some(pending) = self.requests.get_mut(&ticket) else { return };
        let (id, class, task, dropped) = (pending.source, pending.class, pending.task, pending.left());
        let queued = std::mem::take(&mut pending.queued);
        pending.size.items = pending.begun;
        pending.returned.clear();
        pending.is_cancelled = true;
        if pending.running == 0 {
            self.requests.remove(&ticket);
        }
        self.waiting.remove(&ticket);
        if let Some(source) = self.sources.get_mut(&id) {
            source.remove(class, ticket);
            source.load.items_queued -= dropped;
            source.queued -= queued;
            let group = &mut self.groups[source.standing() as usize];
            group.in_flight -= dropped;
            group.queued -= queued;
            if class == Class::Small {
                group.remove_small(task, dropped);
            }
            self.load.items_queued -= dropped;
        }
        self.enter(id);
        self.drop_if_gone(id);
    }

    /// Whether nothing is queued and nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.requests.is_empty() && self.running.is_empty() && self.passing == 0
    }

    /// Whether anything waits for a lane.
    #[must_use]
    pub const fn has_queued(&self) -> bool {
        self.load.items_queued > 0
    }

    /// What the queue is at.
    #[must_use]
    pub fn state(&self) -> State {
        State { load: self.load, requests: self.requests.len(), sources: self.sources.len(), jobs: self.running.len() }
    }

    /// What each known source is at, in no order.
    pub fn sources(&self) -> impl Iterator<Item = (SourceId, SourceState)> {
        self.sources.iter().map(|(&id, source)| (id, SourceState { load: source.load, standing: source.standing() }))
    }

    fn advance(&mut self, now: Time) -> Time {
        self.now = self.now.max(now);
        let is_alarm = self.now < self.alarm_until;
        self.inner.set_share(if is_alarm { NEWCOMERS_PER_MILLE_IN_ALARM } else { NEWCOMERS_PER_MILLE });
        self.now
    }

    /// The source, made with these limits where it is not known.
    fn known(&mut self, id: SourceId, limits: SourceLimits) -> &mut Source {
        let memory = &mut self.memory;
        self.sources.entry(id).or_insert_with(|| {
            let new = if limits.is_named { Evidence::NAMED } else { Evidence::NONE };
            Source::new(limits, memory.take(id).unwrap_or(new))
        })
    }

    fn drop_if_gone(&mut self, id: SourceId) {
        if let Some(source) = self.sources.get(&id)
            && source.is_leaving
            && source.in_flight() == 0
        {
            self.memory.store(id, source.evidence);
            self.sources.remove(&id);
        }
    }

    fn cores(&self) -> u64 {
        self.limits.cores.max(1) as u64
    }

    /// Enters a source in the order of its standing anew, after anything that may have changed its place.
    fn enter(&mut self, id: SourceId) {
        let Some(source) = self.sources.get_mut(&id) else { return };
        let order = &mut self.groups[source.standing() as usize].order;
        let was_entered = source.entry.take().inspect(|&entry| order.remove(id, entry)).is_some();
        if !source.is_ready() {
            return;
        }
        if !was_entered {
            source.tag = source.tag.max(order.now());
        }
        let small = source.first(Class::Small).map(|ticket| &self.requests[&ticket]);
        let entry = Entry {
            tag: source.tag,
            small: small.map(|pending| pending.task),
            is_express: small.is_some_and(|pending| pending.size.items <= self.limits.express_items_max),
        };
        order.insert(id, entry);
        source.entry = Some(entry);
    }

    /// A source's standing changed, from this one: its items count with the others of its new standing, and it keeps its lead.
    fn regroup(&mut self, id: SourceId, from: Standing) {
        let Some(source) = self.sources.get_mut(&id) else { return };
        let to = source.standing();
        if from == to {
            return;
        }
        let old = &mut self.groups[from as usize];
        if let Some(entry) = source.entry.take() {
            old.order.remove(id, entry);
        }
        old.in_flight -= source.in_flight();
        old.queued -= source.queued;
        let small: Vec<_> =
            source.small_tickets().map(|ticket| &self.requests[&ticket]).map(|pending| (pending.task, pending.left())).collect();
        for &(task, items) in &small {
            old.remove_small(task, items);
        }
        let lead = source.tag.saturating_sub(old.order.now());
        let new = &mut self.groups[to as usize];
        new.in_flight += source.in_flight();
        new.queued += source.queued;
        for (task, items) in small {
            new.add_small(task, items);
        }
        source.tag = new.order.now() + lead;
    }
}
