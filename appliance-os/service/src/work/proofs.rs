//! Known answers of devices: each is asked on a thread of its own, so that one that hangs holds up nobody.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use chainbox_engine::{
    backend::{contract::Failure, known_answers},
    dispatch::{BackendId, Time},
};

use super::{Shared, State};

/// A device that has not given the known answers by then does not give them: the longest that compilers of kernels were seen to take is half a minute.
const PROOF_TIME_MAX: Duration = Duration::from_secs(120);

/// The proofs under way, by back end: one each at most.
pub struct Proofs(Vec<Option<Proof>>);

#[derive(Clone, Copy)]
struct Proof {
    since: Time,
    /// It was said that the device failed: what it answers is of no use any more.
    is_given_up: bool,
}

impl Proofs {
    pub fn new(members: usize) -> Self {
        Self(vec![None; members])
    }

    /// The threads that a back end does not give back.
    pub fn stuck(&self, id: BackendId) -> usize {
        usize::from(self.0[usize::from(id.0)].is_some_and(|proof| proof.is_given_up))
    }

    /// When a proof will have taken too long.
    pub fn next_due(&self) -> Option<Time> {
        let running = self.0.iter().flatten().filter(|proof| !proof.is_given_up);
        running.map(|proof| proof.since.saturating_add(PROOF_TIME_MAX)).min()
    }

    /// Those that have taken too long by now, each once.
    fn late(&mut self, now: Time) -> Vec<BackendId> {
        let mut late = Vec::new();
        for (id, proof) in (0..).map(BackendId).zip(&mut self.0) {
            if let Some(proof) = proof.as_mut().filter(|proof| !proof.is_given_up && proof.since.saturating_add(PROOF_TIME_MAX) <= now) {
                proof.is_given_up = true;
                late.push(id);
            }
        }
        late
    }
}

impl Shared {
    /// Asks back ends for the known answers, and gives up on those that take too long.
    pub(super) fn prove(self: &Arc<Self>, state: &mut State, now: Time, to_prove: &[BackendId]) {
        for id in state.proofs.late(now) {
            let words = format!("it did not give the known answers within {} s", PROOF_TIME_MAX.as_secs());
            state.dispatcher.proven(now, id, Err(words));
        }
        // A service that ends needs no more devices.
        let to_prove = if state.is_closing { &[] } else { to_prove };
        for &id in to_prove {
            if let Err(words) = self.begin_proof(state, now, id) {
                state.dispatcher.proven(now, id, Err(words));
            }
        }
    }

    /// Starts the thread of a proof.
    ///
    /// # Errors
    /// Why there is none: the device holds threads already, or the system gives none.
    fn begin_proof(self: &Arc<Self>, state: &mut State, now: Time, id: BackendId) -> Result<(), String> {
        if state.proofs.0[usize::from(id.0)].is_some() || state.slots.is_any_busy(id) {
            return Err("it still hangs".to_owned());
        }
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name(format!("prove-{}", id.0));
        thread.spawn(move || shared.finish_proof(id)).map_err(|error| format!("there is no thread to ask it on: {error}"))?;
        state.proofs.0[usize::from(id.0)] = Some(Proof { since: now, is_given_up: false });
        Ok(())
    }

    /// What the thread does.
    fn finish_proof(self: Arc<Self>, id: BackendId) {
        let member = self.members.get(id);
        let asked = catch_unwind(AssertUnwindSafe(|| known_answers::check(member.backend.as_ref())));
        if matches!(asked, Ok(Err(Failure::Answer(_)))) {
            self.metrics.disagreed(&member.name);
        }
        let result = match asked {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(failure)) => Err(failure.to_string()),
            Err(_) => Err("it panicked; the log has the place".to_owned()),
        };
        let mut state = self.state();
        let proof = state.proofs.0[usize::from(id.0)].take();
        if proof.is_some_and(|proof| !proof.is_given_up) {
            state.dispatcher.proven(self.start.elapsed(), id, result);
        }
        let events = self.events(&mut state);
        self.settle(state);
        self.tell(&events);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_that_takes_too_long_is_given_up_once() {
        let mut proofs = Proofs::new(3);
        let began = Time::from_secs(5);
        proofs.0[1] = Some(Proof { since: began, is_given_up: false });
        let late = began + PROOF_TIME_MAX;
        assert_eq!(proofs.next_due(), Some(late));
        assert_eq!(proofs.late(late - Duration::from_millis(1)), []);
        assert_eq!(proofs.stuck(BackendId(1)), 0);
        assert_eq!(proofs.late(late), [BackendId(1)]);
        assert_eq!(proofs.late(late), []);
        assert_eq!((proofs.next_due(), proofs.stuck(BackendId(1)), proofs.stuck(BackendId(2))), (None, 1, 0));
    }
}
