//! How two sides share the machine: start-time fair queueing with two flows, one of them favoured.

use super::{Tag, costs::Work};

/// Which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that has the rest.
    Favoured,
    /// The one that is kept to its share while the favoured one has anything in flight.
    Other,
}

/// The two sides' tags: what each had, over its share.
#[derive(Debug)]
pub struct Split {
    /// The share of the other side, in thousandths.
    other_per_mille: u64,
    favoured: Tag,
    other: Tag,
    /// The tag at which the last job began.
    now: Tag,
}

/// What of each side is meant, the favoured one's first.
pub type Sides = (bool, bool);

impl Split {
    pub const fn new(other_per_mille: u64) -> Self {
        Self { other_per_mille, favoured: 0, other: 0, now: 0 }
    }

    /// The share of the other side, in thousandths.
    pub const fn share(&self) -> u64 {
        self.other_per_mille
    }

    /// Sets it for what is charged from now on.
    pub const fn set_share(&mut self, other_per_mille: u64) {
        self.other_per_mille = other_per_mille;
    }

    /// Who goes next of those that `can`, where `busy` ones have anything in flight.
    ///
    /// A lane may rest although the other side has work: the favoured side's jobs spread over all cores by themselves, so what is begun beside
    /// them is taken from them.
    pub fn pick(&self, can: Sides, busy: Sides) -> Option<Side> {
        let other_is_due = match can {
            (_, false) => false,
            (true, true) => self.tag(Side::Other, busy) < self.tag(Side::Favoured, busy),
            (false, true) => !busy.0 || self.tag(Side::Other, busy) <= self.tag(Side::Favoured, busy),
        };
        match (other_is_due, can.0) {
            (true, _) => Some(Side::Other),
            (false, true) => Some(Side::Favoured),
            (false, false) => None,
        }
    }

    /// A job of a side begins.
    pub fn charge(&mut self, side: Side, work: Work, busy: Sides) {
        (self.favoured, self.other) = (self.tag(Side::Favoured, busy), self.tag(Side::Other, busy));
        self.now = self.now.max(*self.tag_mut(side));
        let scaled = self.scaled(side, work);
        *self.tag_mut(side) += scaled;
        // A side that has nothing to do saves nothing up.
        (self.favoured, self.other) = (self.tag(Side::Favoured, busy), self.tag(Side::Other, busy));
    }

    /// A job turned out to be other work than was charged.
    pub fn correct(&mut self, side: Side, charged: Work, work: Work) {
        let (charged, work) = (self.scaled(side, charged), self.scaled(side, work));
        let tag = self.tag_mut(side);
        *tag = (*tag + work).saturating_sub(charged);
    }

    const fn scaled(&self, side: Side, work: Work) -> Tag {
        let per_mille = match side {
            Side::Favoured => 1_000 - self.other_per_mille,
            Side::Other => self.other_per_mille,
        };
        work as Tag * 1_000 / per_mille as Tag
    }

    fn tag(&self, side: Side, busy: Sides) -> Tag {
        let (tag, is_busy) = match side {
            Side::Favoured => (self.favoured, busy.0),
            Side::Other => (self.other, busy.1),
        };
        if is_busy { tag } else { tag.max(self.now) }
    }

    const fn tag_mut(&mut self, side: Side) -> &mut Tag {
        match side {
            Side::Favoured => &mut self.favoured,
            Side::Other => &mut self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Sides = (true, true);

    /// The share of the other side in that many jobs of equal work, both waiting.
    fn share(split: &mut Split, jobs: usize) -> f64 {
        let mut of_other = 0;
        for _ in 0..jobs {
            let side = split.pick(BOTH, BOTH).unwrap();
            split.charge(side, 1_000, BOTH);
            of_other += usize::from(side == Side::Other);
        }
        of_other as f64 / jobs as f64
    }

    #[test]
    fn both_have_their_shares_while_both_wait() {
        assert!((share(&mut Split::new(25), 10_000) - 0.025).abs() < 0.001);
    }

    #[test]
    fn the_other_side_has_what_the_favoured_one_leaves_and_owes_nothing_for_it() {
        let mut split = Split::new(25);
        for _ in 0..1_000 {
            assert_eq!(split.pick((false, true), (false, true)), Some(Side::Other));
            split.charge(Side::Other, 1_000, (false, true));
        }
        assert!((share(&mut split, 10_000) - 0.025).abs() < 0.001);
    }

    #[test]
    fn the_other_side_rests_while_the_favoured_one_runs_and_the_share_is_used_up() {
        let mut split = Split::new(25);
        split.charge(Side::Favoured, 1_000, BOTH);
        assert_eq!(split.pick((false, true), BOTH), Some(Side::Other));
        split.charge(Side::Other, 1_000, BOTH);
        assert_eq!(split.pick((false, true), BOTH), None);
        split.charge(Side::Favoured, 40_000, BOTH);
        assert_eq!(split.pick((false, true), BOTH), Some(Side::Other), "its share of 41,000 is above 1,000");
    }

    #[test]
    fn what_was_charged_too_much_is_given_back() {
        let mut split = Split::new(500);
        split.charge(Side::Favoured, 1_000, BOTH);
        split.charge(Side::Other, 800, BOTH);
        assert_eq!(split.pick(BOTH, BOTH), Some(Side::Other));
        split.correct(Side::Favoured, 1_000, 700);
        assert_eq!(split.pick(BOTH, BOTH), Some(Side::Favoured));
    }
}
