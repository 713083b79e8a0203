//! The back ends of a service, by the dispatcher's numbers.

use std::sync::Arc;

use chainbox_engine::{
    backend::Backend,
    dispatch::{BackendId, CPU, Dispatcher, Health, LearntCurve, Time},
};

use super::State;
use crate::{
    backends::{BackendHealth, BackendReport, Backends, CurveReport},
    learned::{Curve, Learned, words_of},
};

/// One of them.
pub struct Member {
    pub name: String,
    pub hardware: String,
    pub backend: Arc<dyn Backend>,
    pub jobs_max: usize,
}

/// All of them: the CPU first.
pub struct Members {
    members: Vec<Member>,
    /// What was learnt before, also of back ends that are not here now.
    before: Vec<Learned>,
}

impl Members {
    pub fn new(backends: Backends, cores: usize, before: Vec<Learned>) -> Self {
        let cpu = Member { name: backends.cpu.name().to_owned(), hardware: format!("{cores} cores"), backend: backends.cpu, jobs_max: 0 };
        let devices = backends.devices.into_iter();
        let devices = devices.map(|device| Member {
            name: device.name,
            hardware: device.hardware,
            backend: device.backend,
            jobs_max: device.jobs_max,
        });
        Self { members: std::iter::once(cpu).chain(devices).collect(), before }
    }

    pub const fn len(&self) -> usize {
        self.members.len()
    }

    pub fn cpu(&self) -> &dyn Backend {
        self.get(CPU).backend.as_ref()
    }

    /// One of them.
    ///
    /// # Panics
    /// Where there is none of that number: the dispatcher knows those that it was told.
    pub fn get(&self, id: BackendId) -> &Member {
        &self.members[usize::from(id.0)]
    }

    /// All but the CPU.
    pub fn devices(&self) -> impl Iterator<Item = (BackendId, &Member)> {
        self.all().skip(1)
    }

    fn all(&self) -> impl Iterator<Item = (BackendId, &Member)> {
        (0..).map(BackendId).zip(&self.members)
    }

    /// The curves of an earlier run, as far as they are of the same back ends on the same devices.
    pub fn learnt_before(&self) -> Vec<LearntCurve> {
        let mut curves = Vec::new();
        for (id, member) in self.all() {
            let same = self.before.iter().filter(|learned| learned.name == member.name && learned.hardware == member.hardware);
            curves.extend(same.flat_map(|learned| &learned.curves).filter_map(|curve| curve.learnt(id)));
        }
        curves
    }

    /// What is to be kept: what is known now, and what an earlier run knew of back ends that are not here.
    pub fn learned(&self, curves: &[LearntCurve]) -> Vec<Learned> {
        let is_here = |learned: &&Learned| self.members.iter().any(|member| member.name == learned.name);
        let away = self.before.iter().filter(|learned| !is_here(learned)).cloned();
        let here = self.all().map(|(id, member)| Learned {
            name: member.name.clone(),
            hardware: member.hardware.clone(),
            curves: curves.iter().filter(|curve| curve.backend == id).map(Curve::of).collect(),
        });
        here.chain(away).take(KEPT_MAX).collect()
    }

    /// What each is at.
    pub fn reports(&self, state: &State, now: Time) -> Vec<BackendReport> {
        let curves = state.dispatcher.curves();
        let states = state.dispatcher.backends().into_iter();
        let reports = states.map(|at| {
            let member = self.get(at.backend);
            let (health, reason, retry) = match at.health {
                Health::Unproven => (BackendHealth::Unproven, None, None),
                Health::Admitted => (BackendHealth::Admitted, None, None),
                Health::Quarantined { reason, until, .. } => {
                    (BackendHealth::Quarantined, Some(reason), Some(until.saturating_sub(now).as_secs_f64()))
                }
            };
            BackendReport {
                name: member.name.clone(),
                hardware: member.hardware.clone(),
                state: health,
                reason,
                retry_seconds: retry,
                items_total: at.items,
                items_audited_total: at.items_audited,
                quarantines_total: at.quarantines,
                threads_stuck: state.slots.stuck(at.backend) + state.proofs.stuck(at.backend),
                curves: curves.iter().filter(|curve| curve.backend == at.backend).map(report).collect(),
            }
        });
        reports.collect()
    }
}

/// The back ends of which curves are kept.
const KEPT_MAX: usize = 64;

fn report(curve: &LearntCurve) -> CurveReport {
    CurveReport {
        task: words_of(curve.task),
        fixed_us: curve.fixed_ns / 1e3,
        item_ns: curve.item_ns,
        byte_ns: curve.byte_ns,
        jobs: curve.jobs,
    }
}

/// Whether any has neither given the known answers nor failed to.
pub fn is_any_unproven(dispatcher: &Dispatcher) -> bool {
    dispatcher.backends().iter().any(|at| at.health == Health::Unproven)
}
