//! Small requests that pass the queue: while nothing is in it there is nobody to be fair to, and the thread that asks is done with its request sooner than
//! the queue would be with giving it a place.

use std::time::Duration;

use super::{
    CPU, Dispatcher, Spread, Task, Time,
    costs::{Factor, Size, Work},
    curves::Curve,
};

/// A request that passes the queue. [`Dispatcher::passed`] takes it back.
#[derive(Debug)]
#[must_use]
pub struct Pass {
    task: Task,
    size: Size,
    reading: Work,
}

impl Dispatcher {
    /// Lets the thread that asks have the CPU do a request of nobody in particular at once, as the express lane would: a small one, while nothing is queued or
    /// running, no device is known to be sooner, and fewer pass than there are cores. Where this gives nothing, the request is to be submitted.
    pub fn pass(&mut self, now: Time, task: Task, items: usize, bytes: usize) -> Option<Pass> {
        let size = Size { items, bytes };
        let is_small = (1..=self.limits.express_items_max).contains(&items) && self.is_express_work(task, size);
        let is_free = self.requests.is_empty() && (self.passing as u64) < self.cores();
        if !is_small || !is_free || self.is_any_device_sooner(task, size) {
            return None;
        }
        let now = self.advance(now);
        self.passing += 1;
        if let Some(cpu) = self.fleet.get_mut(CPU) {
            cpu.jobs += 1;
        }
        Some(Pass { task, size, reading: self.meter.begin(now, Spread::Alone) })
    }

    /// Takes back a request that passed the queue. `busy` is what it took; `invalid` the number of its invalid items, none where it got no answer: nothing is
    /// learnt from it then.
    pub fn passed(&mut self, now: Time, pass: Pass, busy: Duration, invalid: Option<usize>) {
        let now = self.advance(now);
        let Pass { task, size, reading } = pass;
        let had = self.meter.end(now, Spread::Alone) - reading;
        self.passing -= 1;
        if let Some(cpu) = self.fleet.get_mut(CPU) {
            cpu.jobs -= 1;
            cpu.last_end = now;
            cpu.items += if invalid.is_some() { size.items as u64 } else { 0 };
        }
        let Some(invalid) = invalid else { return };
        let work = had.min(super::next::nanoseconds(busy)).max(1);
        let is_spoilt = invalid > 0;
        self.costs.learn(task, size, &mut Factor::default(), work, is_spoilt);
        if !task.has_hints() || !is_spoilt {
            self.learn_curve(now, CPU, task, size, work as f64);
        }
    }

    fn is_express_work(&self, task: Task, size: Size) -> bool {
        u128::from(self.costs.predict(task, size, Factor::default())) <= self.limits.gather_time_max.as_nanos()
    }

    /// Whether a device that can do a task is known to finish a job of it sooner than a core.
    fn is_any_device_sooner(&self, task: Task, size: Size) -> bool {
        let cpu = || self.fleet.cpu().curve(task).predict(size);
        let curves = self.fleet.devices_for(task).map(|(_, member)| member.curve(task));
        let soonest = curves.filter(Curve::is_learnt).map(|curve| curve.predict(size)).reduce(f64::min);
        soonest.is_some_and(|soonest| soonest < cpu())
    }
}
