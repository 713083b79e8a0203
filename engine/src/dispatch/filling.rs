//! How much of some work each of several servers takes so that all of it ends soonest: the least time by which what all could do covers the work, as
//! water finds its level.

/// Somebody who works, in nanoseconds from now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Server {
    /// When it has done what it has already.
    pub free: f64,
    /// What any job takes.
    pub fixed: f64,
    /// What an item takes, above 0.
    pub item: f64,
    /// The most items of a job, at least 1.
    pub job_items_max: f64,
}

/// A server that would do less than this part of the work does none: it gains next to nothing, and loses where it is slower than expected.
const SHARE_MIN: f64 = 0.015;

/// Halvings of the time in which the level is looked for: to a millionth.
const STEPS: usize = 20;

/// What is lost of an item by rounding is none.
const ROUNDING: f64 = 1e-6;

impl Server {
    /// The items that it could have done by a time.
    pub fn items_by(&self, time: f64) -> f64 {
        let left = time - self.free;
        if left < self.fixed {
            return 0.0;
        }
        let job = self.fixed + self.item * self.job_items_max;
        let jobs = (left / job).floor();
        let of_rest = ((left - jobs * job - self.fixed) / self.item).max(0.0);
        (jobs * self.job_items_max + of_rest + ROUNDING).floor()
    }

    /// When it would be done with so many items, all by itself.
    pub fn time_for(&self, items: f64) -> f64 {
        self.free + (items / self.job_items_max).ceil() * self.fixed + items * self.item
    }
}

/// When the work is done, and who does how many of its items: at least so many together.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    pub time: f64,
    pub shares: Vec<f64>,
}

/// Shares `items` among servers, of which there is at least one.
pub fn level(servers: &[Server], items: f64) -> Level {
    let mut is_used = vec![true; servers.len()];
    loop {
        let used = || servers.iter().zip(&is_used).filter(|&(_, is_used)| *is_used).map(|(server, _)| server);
        let covers = |time: f64| used().map(|server| server.items_by(time)).sum::<f64>() >= items;
        let (mut low, mut high) = (0.0, used().map(|server| server.time_for(items)).fold(f64::INFINITY, f64::min));
        for _ in 0..STEPS {
            let middle = (low + high) / 2.0;
            if covers(middle) { high = middle } else { low = middle }
        }
        // Where rounding leaves an item over, it is a part of a nanosecond more.
        let time = if covers(high) { high } else { high + servers.iter().map(|server| server.item).fold(0.0, f64::max) * ROUNDING };
        let share = |(server, &is_used): (&Server, &bool)| if is_used { server.items_by(time).min(items) } else { 0.0 };
        let shares: Vec<_> = servers.iter().zip(&is_used).map(share).collect();
        let least = (0..servers.len()).filter(|&index| shares[index] > 0.0).min_by(|&one, &other| shares[one].total_cmp(&shares[other]));
        match least {
            Some(least) if shares[least] < SHARE_MIN * items => is_used[least] = false,
            _ => return Level { time, shares },
        }
    }
}
