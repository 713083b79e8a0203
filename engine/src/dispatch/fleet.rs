//! What is known of each back end.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use super::{BackendId, BackendLimits, BackendState, CPU, Dispatcher, Health, LearntCurve, Task, Time, curves::Curve};

/// One back end.
#[derive(Debug)]
pub struct Member {
    /// What it can take; the CPU takes anything.
    pub limits: Option<BackendLimits>,
    pub health: Health,
    /// Whether its known answers were asked for and nobody said yet what came of it.
    pub is_proving: bool,
    /// Failures since it last did a fair amount of work without one.
    pub failures: u32,
    /// The time it worked since it last failed.
    pub good: Duration,
    /// What its jobs take, in nanoseconds; those of the CPU in nanoseconds of a core. There are finitely many tasks.
    pub curves: HashMap<Task, Curve>,
    /// Its jobs that are running.
    pub jobs: usize,
    /// When its latest job ended.
    pub last_end: Time,
    /// When the next probe may be.
    pub probe_from: Time,
    pub items: u64,
    pub items_audited: u64,
    pub quarantines: u64,
}

impl Member {
    fn new(limits: Option<BackendLimits>, health: Health) -> Self {
        Self {
            limits,
            health,
            is_proving: false,
            failures: 0,
            good: Duration::ZERO,
            curves: HashMap::new(),
            jobs: 0,
            last_end: Time::ZERO,
            probe_from: Time::ZERO,
            items: 0,
            items_audited: 0,
            quarantines: 0,
        }
    }

    pub fn is_admitted(&self) -> bool {
        self.health == Health::Admitted
    }

    /// Whether it can do a task at all. Only the CPU finds hints on the way, so it does what hints are wanted of.
    pub fn supports(&self, task: Task) -> bool {
        let Some(limits) = &self.limits else { return true };
        let can = &limits.capabilities;
        match task {
            Task::Verify { shape, want_hints, .. } => !want_hints && can.schemes.contains(&shape.scheme),
            Task::Recover { .. } => can.recovery,
            Task::Digest(hash) => can.hashes.contains(&hash),
        }
    }

    /// The curve of a task; the first guess where nothing was learnt.
    pub fn curve(&self, task: Task) -> Curve {
        self.curves.get(&task).copied().unwrap_or_else(|| self.guess(task))
    }

    pub fn guess(&self, task: Task) -> Curve {
        if self.limits.is_some() { Curve::of_device(task) } else { Curve::of_core(task) }
    }
}

/// All back ends. The CPU is always there.
#[derive(Debug)]
pub struct Fleet {
    members: BTreeMap<BackendId, Member>,
    /// Whether any but the CPU is in use.
    has_devices: bool,
}

impl Fleet {
    pub fn new() -> Self {
        Self { members: BTreeMap::from([(CPU, Member::new(None, Health::Admitted))]), has_devices: false }
    }

    pub fn set(&mut self, id: BackendId, limits: BackendLimits) {
        if id != CPU {
            let member = self.members.entry(id).or_insert_with(|| Member::new(None, Health::Unproven));
            member.limits = Some(limits);
        }
    }

    pub fn get(&self, id: BackendId) -> Option<&Member> {
        self.members.get(&id)
    }

    pub fn get_mut(&mut self, id: BackendId) -> Option<&mut Member> {
        self.members.get_mut(&id)
    }

    pub fn cpu(&self) -> &Member {
        &self.members[&CPU]
    }

    pub fn iter(&self) -> impl Iterator<Item = (BackendId, &Member)> {
        self.members.iter().map(|(&id, member)| (id, member))
    }

    /// Those in use that can do a task, but for the CPU.
    pub fn devices_for(&self, task: Task) -> impl Iterator<Item = (BackendId, &Member)> {
        self.iter().filter(move |&(id, member)| id != CPU && member.is_admitted() && member.supports(task))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (BackendId, &mut Member)> {
        self.members.iter_mut().map(|(&id, member)| (id, member))
    }

    /// Whether any back end but the CPU is in use.
    pub const fn has_devices(&self) -> bool {
        self.has_devices
    }

    pub fn set_health(&mut self, id: BackendId, health: Health) {
        if let Some(member) = self.members.get_mut(&id) {
            member.health = health;
        }
        self.has_devices = self.members.iter().any(|(&id, member)| id != CPU && member.is_admitted());
    }
}

impl Dispatcher {
    /// Makes a back end known, or gives a known one other limits. A new one is not used until it gave the known answers: [`Self::due`] asks for
    /// them. The CPU is known and needs no limits.
    pub fn set_backend(&mut self, id: BackendId, limits: BackendLimits) {
        self.fleet.set(id, limits);
    }

    /// Takes up what was learnt in an earlier run. What is said of unknown back ends is left out; senseless numbers are brought into range.
    pub fn restore(&mut self, curves: &[LearntCurve]) {
        for learnt in curves {
            if let Some(member) = self.fleet.get_mut(learnt.backend) {
                let curve = member.guess(learnt.task).restored(learnt);
                member.curves.insert(learnt.task, curve);
            }
        }
    }

    /// What was learnt of all back ends, to be kept for [`Self::restore`]. The CPU's are of one core.
    #[must_use]
    pub fn curves(&self) -> Vec<LearntCurve> {
        let of = |(backend, member): (BackendId, &Member)| {
            member.curves.iter().map(move |(&task, curve)| curve.learnt(backend, task)).collect::<Vec<_>>()
        };
        self.fleet.iter().flat_map(of).collect()
    }

    /// What each back end is at, the CPU first.
    #[must_use]
    pub fn backends(&self) -> Vec<BackendState> {
        let of = |(backend, member): (BackendId, &Member)| BackendState {
            backend,
            health: member.health.clone(),
            items: member.items,
            items_audited: member.items_audited,
            quarantines: member.quarantines,
        };
        self.fleet.iter().map(of).collect()
    }
}
