//! What is due at a time: requests that waited too long, jobs that are late, back ends that are tried again.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use chainbox_engine::dispatch::{Due, Event, Time};
use tracing::{error, info};

use super::{Shared, State, Unanswered, slots::Submitter, spawn};

/// The timer sleeps at least that long, whatever is due: so it takes no core, and nothing that it does has to be more exact.
const SLEEP_MIN: Duration = Duration::from_micros(50);

/// Starts the timer's thread.
pub fn start(shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    spawn("timer".to_owned(), move || shared.keep_time());
}

impl Shared {
    fn keep_time(self: Arc<Self>) {
        let mut state = self.state();
        while !state.is_over() {
            let events = self.do_due(&mut state);
            if !events.is_empty() {
                drop(state);
                self.tell(&events);
                state = self.state();
                continue;
            }
            state.timer_at = self.next_due(&state);
            state = match state.timer_at {
                None => self.sooner.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(time) => {
                    let sleep = time.saturating_sub(self.start.elapsed()).max(SLEEP_MIN);
                    self.sooner.wait_timeout(state, sleep).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Wakes the timer where something is due sooner than it means to look.
    pub(super) fn keep_timer_right(&self, state: &mut State) {
        if let Some(due) = self.next_due(state)
            && state.timer_at.is_none_or(|at| due < at)
        {
            state.timer_at = Some(due);
            self.sooner.notify_one();
        }
    }

    fn next_due(&self, state: &State) -> Option<Time> {
        [state.dispatcher.next_due(), state.proofs.next_due()].into_iter().flatten().min()
    }

    /// Does what is due, and gives what happened to back ends.
    fn do_due(self: &Arc<Self>, state: &mut MutexGuard<'_, State>) -> Vec<Event> {
        let now = self.start.elapsed();
        let Due { expired, to_prove } = state.dispatcher.due(now);
        for ticket in &expired {
            if let Some(waiting) = state.waiting.remove(ticket) {
                // Who does not wait any more needs no answer.
                let _ = waiting.answer.send(Err(Unanswered::Expired(state.queue_time_max)));
            }
        }
        self.prove(state, now, &to_prove);
        let events = self.events(state);
        self.hand_out(state, Submitter::Other);
        self.end_if_over(state);
        if !expired.is_empty() {
            self.room.notify_waiters();
        }
        events
    }

    /// What happened to back ends since this was asked last. The batches that one does not give back are counted.
    pub(super) fn events(&self, state: &mut State) -> Vec<Event> {
        let events = state.dispatcher.events();
        for event in &events {
            if let Event::Quarantined { backend, .. } = event {
                self.metrics.fell_back(&self.members.get(*backend).name, state.slots.give_up(*backend));
            }
            self.judged.notify_all();
        }
        events
    }

    /// Writes what happened to the log. Not to be called with the state locked: who reads the log may be slow.
    pub(super) fn tell(&self, events: &[Event]) {
        for event in events {
            match event {
                Event::Admitted(backend) => {
                    let member = self.members.get(*backend);
                    info!(backend = member.name, hardware = member.hardware, "the back end gave the known answers and is used");
                }
                Event::Quarantined { backend, reason, until, items } => {
                    let member = self.members.get(*backend);
                    let again_in_seconds = until.saturating_sub(self.start.elapsed()).as_secs_f64();
                    error!(
                        backend = member.name,
                        hardware = member.hardware,
                        reason,
                        items_elsewhere = items,
                        again_in_seconds,
                        "the back end is not used until it gives the known answers; should that not end, look at its device and driver, or take it out \
                         of engine.devices"
                    );
                }
            }
        }
    }
}
