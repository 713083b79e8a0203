//! The threads behind the builder: one that stores, votes and confirms, and one that takes over into the database.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{Shared, build::Event, stages::Stage, ticket::Waiter};
use crate::{
    block::Certificate,
    certify::payload_of,
    consensus::Vote,
    machine::{Applied, Confirmed},
    vote::Voter,
};

/// What the builder orders.
pub(super) enum Order {
    /// Append a block and sync it.
    Store { height: u64, bytes: Vec<u8> },
    /// Sign a vote.
    Sign(Vote),
    /// Append a certificate.
    Certify { height: u64, certificate: Certificate },
    /// Tell who waits.
    Confirm(Confirmed<Waiter>),
    /// Take over into the database.
    Apply(Box<Applied>),
}

/// Orders that wait, at most: the builder waits then.
pub(super) const ORDERS_MAX: usize = 16;

/// Blocks that wait for the database, at most: storing waits then.
pub(super) const APPLYING_MAX: usize = 4;

/// How long the signer is left alone after it failed.
const SIGN_AGAIN: Duration = Duration::from_millis(200);

/// Carries out orders until the builder ends. After a failure nothing more is stored, voted for or confirmed.
pub(super) fn carry_out(
    shared: &Arc<Shared>,
    mut voter: Box<dyn Voter>,
    orders: &mpsc::Receiver<Order>,
    applying: &mpsc::SyncSender<Box<Applied>>,
) {
    for order in orders {
        if super::lock(&shared.problem).is_some() {
            // Nothing that follows a failed write may be confirmed. Who waits is told when the order is dropped.
            continue;
        }
        match order {
            Order::Store { height, bytes } => match shared.stages.time(Stage::Store, 0, || shared.store.append(height, &bytes)) {
                Ok(()) => shared.tell(Event::Stored(height)),
                Err(error) => shared.broken(&error.to_string()),
            },
            Order::Sign(vote) => {
                if let Some(signature) = shared.stages.time(Stage::Vote, 0, || sign(shared, voter.as_mut(), &vote)) {
                    shared.tell(Event::Signed(vote, signature));
                }
            }
            Order::Certify { height, certificate } => {
                if let Err(error) = shared.store.certify(height, &certificate) {
                    shared.broken(&error.to_string());
                }
            }
            Order::Confirm(confirmed) => confirm(shared, &confirmed),
            // Where the other thread has ended, it said why.
            Order::Apply(applied) => drop(applying.send(applied)),
        }
    }
}

/// The signature of a vote, asked for until there is one. None where the node is closed before.
fn sign(shared: &Shared, voter: &mut dyn Voter, vote: &Vote) -> Option<[u8; 64]> {
    let mut deadline = None;
    loop {
        let reason = match voter.sign(payload_of(&shared.genesis, vote)) {
            Ok(signature) => return Some(signature),
            Err(reason) => reason,
        };
        tracing::error!(height = vote.height, reason, "the validator's key does not sign; it is asked again");
        if shared.is_closing.load(Relaxed) {
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + shared.options.shutdown_time_max);
            if Instant::now() >= deadline {
                shared.broken(&format!("the validator's key does not sign: {reason}"));
                return None;
            }
        }
        thread::sleep(SIGN_AGAIN);
    }
}

fn confirm(shared: &Shared, confirmed: &Confirmed<Waiter>) {
    let (height, waiters) = (confirmed.header.height, &confirmed.waiters);
    shared.stages.time(Stage::Confirm, waiters.len(), || {
        shared.confirmed.send_replace(height);
        for (index, (waiter, id)) in waiters.iter().zip(confirmed.ids.iter()).enumerate() {
            waiter.confirm(*id, height, index as u32);
        }
        shared.stages.confirmed(waiters.iter().map(|waiter| waiter.ticket.since()));
    });
}

/// Takes blocks over into the database, and puts it on the disk now and then; tells `keeping` of each.
pub(super) fn apply(shared: &Arc<Shared>, blocks: &mpsc::Receiver<Box<Applied>>, keeping: &mpsc::SyncSender<u64>) {
    let mut persisted = Instant::now();
    let mut is_dirty = false;
    loop {
        match blocks.recv_timeout(shared.options.persist_interval) {
            Ok(applied) => {
                if super::lock(&shared.problem).is_some() {
                    continue;
                }
                match shared.stages.time(Stage::Apply, applied.ids.len(), || shared.store.apply(&applied)) {
                    Ok(()) => {
                        shared.tell(Event::Applied(applied.height));
                        // Where it is at work, it looks again after the next block.
                        let _ = keeping.try_send(applied.height);
                    }
                    Err(error) => shared.broken(&error.to_string()),
                }
                is_dirty = true;
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if is_dirty && persisted.elapsed() >= shared.options.persist_interval {
            persist(shared);
            (persisted, is_dirty) = (Instant::now(), false);
        }
    }
    persist(shared);
}

fn persist(shared: &Shared) {
    if let Err(error) = shared.store.persist() {
        shared.broken(&error.to_string());
    }
}

impl Shared {
    fn tell(&self, event: Event) {
        // Where the builder has ended, nobody needs to know.
        let _ = self.events.send(event);
    }
}
