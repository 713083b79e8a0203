//! Who is trusted how far, by what became of the items.

use super::{Standing, costs::Work};

/// The recent items that count are about this many.
const WINDOW_ITEMS: f64 = 4_096.0;

/// A source becomes suspect above this share of invalid items. Nodes pass on what others signed, so honest ones have a few; from here on a
/// combination of their items is hardly ever worth it.
const SUSPECT_SHARE: f64 = 0.05;

/// And it stays one until the share is below this.
const CLEARED_SHARE: f64 = 0.025;

/// So many invalid items are evidence; fewer are an accident.
const EVIDENCE_ITEMS: f64 = 16.0;

/// Valid work after which a source is proven: some five hundred signatures.
const PROVEN_WORK: Work = 4_000_000;

/// The work that anybody may have running at once.
const ALLOWANCE_MIN: Work = 2_000_000;

/// No trust goes further than this, an hour of a core: two jobs of the largest kind on a device that does the work of a thousand cores.
const TRUST_MAX: Work = 3_600_000_000_000;

/// Invalid work takes back that many times the trust that valid work gives, so that trust grows below [`SUSPECT_SHARE`] and shrinks above.
const INVALID_WEIGHT: Work = 20;

/// What is known of a source's items.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    valid: f64,
    invalid: f64,
    trust: Work,
    standing: Standing,
}

impl Evidence {
    /// Of a source that nobody knows.
    pub const NONE: Self = Self { valid: 0.0, invalid: 0.0, trust: 0, standing: Standing::Newcomer };

    /// Of a source that the operator named.
    pub const NAMED: Self = Self { trust: TRUST_MAX, standing: Standing::Proven, ..Self::NONE };

    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// The work that it may have running at once. Nobody spoils more than it was worth before: whoever makes sources without end and lets each
    /// prove itself gains nothing that it did not pay for.
    pub fn allowance(&self) -> Work {
        self.trust.max(ALLOWANCE_MIN)
    }

    /// Whether there is anything worth keeping.
    pub fn is_notable(&self) -> bool {
        self.standing != Standing::Newcomer
    }

    /// Learns from items on which a verdict was given, and what they cost together.
    pub fn learn(&mut self, items: usize, invalid: usize, work: Work) {
        let (items, invalid) = (items.max(1) as f64, invalid.min(items) as f64);
        let keep = WINDOW_ITEMS / (WINDOW_ITEMS + items);
        self.valid = self.valid * keep + items - invalid;
        self.invalid = self.invalid * keep + invalid;
        let spoilt = (work as f64 * invalid / items) as Work;
        self.learn_work(work - spoilt.min(work));
        self.trust = self.trust.saturating_sub(spoilt.saturating_mul(INVALID_WEIGHT));
        let share = self.invalid / (self.valid + self.invalid);
        if self.invalid >= EVIDENCE_ITEMS && share > SUSPECT_SHARE {
            self.standing = Standing::Suspect;
            self.trust = 0;
        } else if self.standing == Standing::Suspect && share < CLEARED_SHARE {
            self.standing = Standing::Newcomer;
        }
    }

    /// Learns from work on which there is no verdict, and from the valid part of other work.
    pub fn learn_work(&mut self, work: Work) {
        if self.standing == Standing::Suspect {
            return;
        }
        self.trust = self.trust.saturating_add(work).min(TRUST_MAX);
        if self.trust >= PROVEN_WORK {
            self.standing = Standing::Proven;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: Work = 8_000;

    fn learn(evidence: &mut Evidence, items: usize, invalid: usize) {
        evidence.learn(items, invalid, ITEM * items as Work);
    }

    #[test]
    fn valid_work_proves_a_newcomer() {
        let mut evidence = Evidence::NONE;
        learn(&mut evidence, 499, 0);
        assert_eq!(evidence.standing(), Standing::Newcomer);
        learn(&mut evidence, 1, 0);
        assert_eq!(evidence.standing(), Standing::Proven);
        assert_eq!(evidence.allowance(), 500 * ITEM);
        assert_eq!(Evidence::NAMED.standing(), Standing::Proven);
    }

    #[test]
    fn a_few_invalid_items_are_an_accident_and_many_are_not() {
        for mut evidence in [Evidence::NONE, Evidence::NAMED] {
            learn(&mut evidence, 15, 15);
            assert_ne!(evidence.standing(), Standing::Suspect);
            learn(&mut evidence, 16, 16);
            assert_eq!(evidence.standing(), Standing::Suspect);
            assert_eq!(evidence.allowance(), ALLOWANCE_MIN);
        }
        let mut evidence = Evidence::NAMED;
        for _ in 0..1_000 {
            learn(&mut evidence, 100, 4);
        }
        assert_eq!(evidence.standing(), Standing::Proven, "4 percent");
        for _ in 0..1_000 {
            learn(&mut evidence, 100, 6);
        }
        assert_eq!(evidence.standing(), Standing::Suspect, "6 percent");
    }

    #[test]
    fn valid_items_clear_a_suspect_which_then_proves_itself_again() {
        let mut evidence = Evidence::NONE;
        learn(&mut evidence, 100_000, 99_000);
        assert_eq!(evidence.standing(), Standing::Suspect);
        let mut items = 0;
        while evidence.standing() == Standing::Suspect {
            learn(&mut evidence, 16, 0);
            items += 16;
        }
        assert!((1_000..100_000).contains(&items), "{items}");
        assert_eq!(evidence.standing(), Standing::Newcomer);
        learn(&mut evidence, 500, 0);
        assert_eq!(evidence.standing(), Standing::Proven);
    }

    #[test]
    fn digests_dilute_no_forgeries() {
        let mut evidence = Evidence::NONE;
        for _ in 0..100 {
            evidence.learn_work(1_000_000);
            learn(&mut evidence, 1, 1);
        }
        assert_eq!(evidence.standing(), Standing::Suspect);
    }
}
