//! Which back ends are used: those that gave the known answers and have not failed since.

use std::time::Duration;

use super::{BackendId, CPU, Dispatcher, Due, Event, Health, JobId, PAUSE_MAX, PAUSE_MIN, Ticket, Time};

/// After so much work without a failure a back end's earlier ones are forgotten.
const FORGIVEN_AFTER: Duration = Duration::from_secs(600);

/// A job is late when it takes that many times what was predicted,
const LATE_FACTOR: f64 = 8.0;

/// and this on top: no stall of the machine makes a device late.
const LATE_FLOOR: Duration = Duration::from_millis(250);

/// The same while too little is learnt to predict anything, twice as much after each failure: a device may compile something for its first jobs.
const LATE_UNLEARNT: Duration = Duration::from_secs(3);

/// No job may take longer.
const LATE_MAX: Duration = Duration::from_secs(60);

/// Events that nobody fetched are kept up to this number, the latest ones.
const EVENTS_MAX: usize = 1_024;

/// How long a job may take that is predicted to take that many nanoseconds; none where nothing is predicted, after so many failures.
pub fn time_max(predicted: Option<f64>, failures: u32) -> Duration {
    let most = match predicted {
        Some(nanoseconds) => Duration::try_from_secs_f64(nanoseconds * LATE_FACTOR / 1e9).unwrap_or(LATE_MAX) + LATE_FLOOR,
        None => LATE_UNLEARNT.saturating_mul(1 << failures.min(16)),
    };
    most.min(LATE_MAX)
}

impl Dispatcher {
    /// What is to be done now beside jobs. Items of jobs that are late are queued again, and their back ends are quarantined. Call it when
    /// [`Self::next_due`] says so, and ask all lanes for jobs afterwards.
    pub fn due(&mut self, now: Time) -> Due {
        let now = self.advance(now);
        let expired = self.expire();
        let mut late: Vec<_> = self.running.iter().filter(|(_, job)| job.deadline.is_some_and(|deadline| deadline <= now)).collect();
        late.sort_unstable_by_key(|&(&id, _)| id);
        let late: Vec<(JobId, BackendId, String)> = late
            .into_iter()
            .map(|(&id, job)| {
                let (items, passed) = (job.size.items, now - job.began);
                (id, job.backend, format!("it did not answer a job of {items} items within {} ms", passed.as_millis()))
            })
            .collect();
        for (id, backend, reason) in late {
            // The first of a back end takes the others with it.
            if self.running.contains_key(&id) {
                self.quarantine(backend, reason, 0);
            }
        }
        let mut to_prove = Vec::new();
        for (id, member) in self.fleet.iter_mut() {
            let is_due = match member.health {
                Health::Unproven => true,
                Health::Admitted => false,
                Health::Quarantined { until, .. } => until <= now,
            };
            if is_due && !member.is_proving {
                member.is_proving = true;
                to_prove.push(id);
            }
        }
        Due { expired, to_prove }
    }

    /// When [`Self::due`] has something to do, if nothing else happens until then.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        let expiry = self.waiting.first_key_value().map(|(_, &submitted)| submitted.saturating_add(self.limits.queue_time_max));
        let deadlines = self.running.values().filter_map(|job| job.deadline);
        let proofs = self.fleet.iter().filter(|(_, member)| !member.is_proving).filter_map(|(_, member)| match member.health {
            Health::Unproven => Some(self.now),
            Health::Admitted => None,
            Health::Quarantined { until, .. } => Some(until),
        });
        // A lane that is asked then takes what it left; where none is free, another one asks when it is.
        let patience = self.patience.map(|patience| patience.until).filter(|&until| until > self.now);
        expiry.into_iter().chain(deadlines).chain(proofs).chain(patience).min()
    }

    /// What the known answers of a back end gave: `Err` says what was wrong. One that nobody asked for is not used for it.
    pub fn proven(&mut self, now: Time, id: BackendId, result: Result<(), String>) {
        self.advance(now);
        let Some(member) = self.fleet.get_mut(id) else { return };
        if id == CPU {
            return;
        }
        let was_asked = std::mem::take(&mut member.is_proving);
        match result {
            Ok(()) if was_asked => {
                member.probe_from = Time::ZERO;
                self.fleet.set_health(id, Health::Admitted);
                self.tell(Event::Admitted(id));
            }
            Ok(()) => {}
            Err(reason) => self.quarantine(id, reason, 0),
        }
    }

    /// What happened to back ends since the last call, in order.
    pub fn events(&mut self) -> Vec<Event> {
        self.events.drain(..).collect()
    }

    /// Takes a back end out of use. What it was given is queued again, beside `items` that were already.
    pub(super) fn quarantine(&mut self, backend: BackendId, reason: String, items: usize) {
        let mut jobs: Vec<_> = self.running.iter().filter(|(_, job)| job.backend == backend).map(|(&id, _)| id).collect();
        jobs.sort_unstable();
        let mut items = items;
        for id in jobs {
            if let Some(job) = self.running.remove(&id) {
                items += job.size.items;
                self.send_back(&job);
            }
        }
        let Some(member) = self.fleet.get_mut(backend) else { return };
        member.failures = member.failures.saturating_add(1);
        member.quarantines += 1;
        member.good = Duration::ZERO;
        // Known answers that were asked for before it failed prove nothing.
        member.is_proving = false;
        let pause = PAUSE_MIN.saturating_mul(1 << (member.failures - 1).min(16)).min(PAUSE_MAX);
        let (until, failures) = (self.now.saturating_add(pause), member.failures);
        self.fleet.set_health(backend, Health::Quarantined { reason: reason.clone(), until, failures });
        self.tell(Event::Quarantined { backend, reason, until, items });
    }

    /// A back end worked for so long and did not fail.
    pub(super) fn did_well(&mut self, backend: BackendId, busy: Duration) {
        let Some(member) = self.fleet.get_mut(backend) else { return };
        member.good = member.good.saturating_add(busy);
        if member.good >= FORGIVEN_AFTER {
            member.failures = 0;
        }
    }

    fn tell(&mut self, event: Event) {
        if self.events.len() == EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Removes the requests of which nothing began within the queue time, and gives their tickets.
    fn expire(&mut self) -> Vec<Ticket> {
        let mut expired = Vec::new();
        while let Some((&ticket, &submitted)) = self.waiting.first_key_value()
            && submitted.saturating_add(self.limits.queue_time_max) <= self.now
        {
            self.cancel(ticket);
            expired.push(ticket);
        }
        expired
    }
}
