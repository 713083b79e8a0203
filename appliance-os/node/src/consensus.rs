//! Agreement on blocks, behind one small trait: events in, actions out, no clock, key, socket or disk.

use chainbox_engine::hash::Digest;

use crate::block::Certificate;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The node is at this height, with a certificate, and may go on.
    Started {
        /// The height of the last block.
        height: u64,
    },
    /// The node is at a block that was stored before it was started, and is not known to be final.
    Recovered {
        /// Its height.
        height: u64,
        /// Its identity.
        id: Digest,
    },
    /// A block was proposed and executed here.
    Proposed {
        /// Its height.
        height: u64,
        /// Its identity.
        id: Digest,
    },
    /// A block survives a crash from now on.
    Stored {
        /// Its height.
        height: u64,
        /// Its identity.
        id: Digest,
    },
    /// This node's validator signed a vote.
    Signed {
        /// What was signed.
        vote: Vote,
        /// The validator's index in the genesis.
        validator: u16,
        /// r || s.
        signature: [u8; 64],
    },
}

/// A precommit: the vote that makes a block final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Vote {
    /// The height that is voted on.
    pub height: u64,
    /// The round of that height.
    pub round: u32,
    /// The block.
    pub id: Digest,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Propose the next block as soon as there is something for it.
    Propose {
        /// Its height.
        height: u64,
    },
    /// Put a block that was proposed on the disk.
    Store {
        /// Its height.
        height: u64,
    },
    /// Sign a vote.
    Sign(Vote),
    /// The block is final.
    Decide {
        /// Its height.
        height: u64,
        /// The votes that make it so.
        certificate: Certificate,
    },
}

/// Agrees on blocks.
pub trait Consensus: Send {
    /// Takes an event, and says what is to be done.
    fn step(&mut self, event: Event) -> Vec<Action>;
}

/// Blocks that may be proposed and not yet final: while one is put on the disk, the next is executed.
const UNDER_WAY_MAX: u64 = 2;

/// One validator, which agrees with itself. A block is stored before it is voted for, and the next is stored after that: so after a crash one block at most
/// has no certificate, it gets the same vote again, and no vote is ever given to a block that is lost.
#[derive(Debug, Default)]
pub struct Solo {
    /// The height of the last block that was proposed.
    proposed: u64,
    /// The height of the last block that is final.
    decided: u64,
    /// A proposal was asked for, and has not come.
    is_asked: bool,
    /// A block is being stored or voted for.
    is_busy: bool,
}

impl Solo {
    /// What can be done now.
    fn go_on(&mut self, mut actions: Vec<Action>) -> Vec<Action> {
        if !self.is_busy && self.proposed > self.decided {
            self.is_busy = true;
            actions.push(Action::Store { height: self.decided + 1 });
        }
        if !self.is_asked && self.proposed - self.decided < UNDER_WAY_MAX {
            self.is_asked = true;
            actions.push(Action::Propose { height: self.proposed + 1 });
        }
        actions
    }
}

impl Consensus for Solo {
    fn step(&mut self, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Started { height } => *self = Self { proposed: height, decided: height, ..Self::default() },
            Event::Recovered { height, id } => {
                *self = Self { proposed: height, decided: height - 1, is_busy: true, is_asked: false };
                actions.push(Action::Sign(Vote { height, round: 0, id }));
            }
            Event::Proposed { height, .. } => {
                debug_assert_eq!(height, self.proposed + 1, "blocks are proposed in the order of their heights");
                self.proposed = height;
                self.is_asked = false;
            }
            Event::Stored { height, id } => actions.push(Action::Sign(Vote { height, round: 0, id })),
            Event::Signed { vote, validator, signature } => {
                debug_assert_eq!(vote.height, self.decided + 1, "blocks are final in the order of their heights");
                self.decided = vote.height;
                self.is_busy = false;
                let certificate = Certificate { round: vote.round, votes: vec![(validator, signature)] };
                actions.push(Action::Decide { height: vote.height, certificate });
            }
        }
        self.go_on(actions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Digest = [7; 32];

    fn signed(vote: Vote) -> (Event, Certificate) {
        let certificate = Certificate { round: 0, votes: vec![(0, [1; 64])] };
        (Event::Signed { vote, validator: 0, signature: [1; 64] }, certificate)
    }

    /// A block is stored before it is voted for and the next after that, and no more than two are under way.
    #[test]
    fn a_block_is_stored_then_voted_for_then_final() {
        let mut solo = Solo::default();
        assert_eq!(solo.step(Event::Started { height: 4 }), [Action::Propose { height: 5 }]);
        assert_eq!(solo.step(Event::Proposed { height: 5, id: ID }), [Action::Store { height: 5 }, Action::Propose { height: 6 }]);
        assert_eq!(solo.step(Event::Proposed { height: 6, id: ID }), []);
        let vote = Vote { height: 5, round: 0, id: ID };
        assert_eq!(solo.step(Event::Stored { height: 5, id: ID }), [Action::Sign(vote)]);
        let (event, certificate) = signed(vote);
        let decide = Action::Decide { height: 5, certificate };
        assert_eq!(solo.step(event), [decide, Action::Store { height: 6 }, Action::Propose { height: 7 }]);
    }

    #[test]
    fn a_block_without_a_certificate_is_voted_for_first() {
        let mut solo = Solo::default();
        let vote = Vote { height: 9, round: 0, id: ID };
        assert_eq!(solo.step(Event::Recovered { height: 9, id: ID }), [Action::Sign(vote), Action::Propose { height: 10 }]);
        assert_eq!(solo.step(Event::Proposed { height: 10, id: ID }), []);
        let (event, certificate) = signed(vote);
        let decide = Action::Decide { height: 9, certificate };
        assert_eq!(solo.step(event), [decide, Action::Store { height: 10 }, Action::Propose { height: 11 }]);
    }
}
