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

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Server = Server { free: 0.0, fixed: 1_000.0, item: 1.0, job_items_max: 1e6 };
    const NEAR: Server = Server { free: 0.0, fixed: 10.0, item: 10.0, job_items_max: 100.0 };

    /// The least time by trying all splits.
    fn least(servers: [Server; 2], items: usize) -> f64 {
        let time = |server: Server, items: usize| if items == 0 { 0.0 } else { server.time_for(items as f64) };
        (0..=items).map(|first| time(servers[0], first).max(time(servers[1], items - first))).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn it_is_the_least_time_of_all_splits() {
        for servers in [[FAST, NEAR], [NEAR, NEAR], [FAST, Server { free: 500.0, ..NEAR }], [Server { free: 3_000.0, ..FAST }, NEAR]] {
            for items in (1..300).chain([1_000, 3_000]) {
                let Level { time, shares } = level(&servers, items as f64);
                let least = least(servers, items);
                assert!(time >= least * 0.999 && time <= least * 1.02, "{items} items: {time}, {least} at best");
                assert!(shares.iter().sum::<f64>() >= items as f64, "{items} items: {shares:?}");
            }
        }
    }

    #[test]
    fn who_would_be_later_than_the_others_alone_does_nothing() {
        assert_eq!(level(&[NEAR, FAST], 50.0).shares, [50.0, 0.0]);
        assert_eq!(level(&[NEAR, Server { free: 1e9, ..FAST }], 5_000.0).shares, [5_000.0, 0.0]);
        let Level { shares, .. } = level(&[NEAR, FAST], 1e6);
        assert!(shares[0] > 0.05e6 && shares[1] > 0.9e6, "{shares:?}");
    }

    #[test]
    fn a_share_that_gains_next_to_nothing_is_left_to_others() {
        let slow = Server { item: 1e4, ..NEAR };
        assert_eq!(level(&[NEAR, slow], 5_000.0).shares[1], 0.0);
    }

    #[test]
    fn extremes_end() {
        for items in [1.0, 1e15] {
            for server in
                [NEAR, Server { free: 1e18, fixed: 1e10, item: 1e8, job_items_max: 1.0 }, Server { fixed: 0.0, item: 1e-3, ..FAST }]
            {
                let Level { time, shares } = level(&[server], items);
                assert!(time.is_finite() && shares[0] >= items * 0.999, "{server:?}: {time}, {shares:?}");
            }
        }
    }
}
