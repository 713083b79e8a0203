use std::{cell::Cell, io};

use bytes::Bytes;

use super::*;

/// Every sender has sent so many.
struct Sent(u64);

impl Nonces for Sent {
    fn next(&self, _: &Address) -> io::Result<u64> {
        Ok(self.0)
    }
}

/// A disk that cannot be read.
struct Damaged;

impl Nonces for Damaged {
    fn next(&self, _: &Address) -> io::Result<u64> {
        Err(io::Error::other("damaged"))
    }
}

const NOW: Duration = Duration::ZERO;

fn checked(sender: u8, nonce: u64) -> Checked {
    Checked { raw: Bytes::from(vec![sender; 100]), id: [0; 32], sender: [sender; 20], nonce, valid_until: 9, hint: None }
}

fn pool(limits: PoolLimits) -> Pool<u32> {
    Pool::new(limits)
}

fn insert(pool: &Pool<u32>, sender: u8, nonce: u64) -> Result<(), Refusal> {
    pool.insert(NOW, &Sent(0), checked(sender, nonce), 0).unwrap().map_err(|(refusal, _)| refusal)
}

/// Sender and nonce of what was taken, and of what was refused.
type Taken = (Vec<(u8, u64)>, Vec<(u8, u64, Refusal)>);

fn take(pool: &Pool<u32>, height: u64, transactions: usize) -> Taken {
    let mut refused = Vec::new();
    let named = |waiting: &Waiting<u32>| (waiting.checked.sender[0], waiting.checked.nonce);
    let taken = pool.take(height, transactions, 1 << 20, &mut |waiting, refusal| {
        let (sender, nonce) = named(&waiting);
        refused.push((sender, nonce, refusal));
    });
    (taken.iter().map(named).collect(), refused)
}

#[test]
fn nonces_come_in_order_and_gaps_wait() {
    let pool = pool(PoolLimits::default());
    for nonce in [2, 0, 3, 5] {
        insert(&pool, 1, nonce).unwrap();
    }
    assert_eq!(take(&pool, 1, 10).0, [(1, 0)]);
    assert!(!pool.is_ready());
    insert(&pool, 1, 1).unwrap();
    assert_eq!(take(&pool, 1, 2).0, [(1, 1), (1, 2)]);
    assert_eq!(take(&pool, 1, 10).0, [(1, 3)]);
    assert_eq!(pool.state(), PoolState { transactions: 1, bytes: 100 });
}

#[test]
fn what_cannot_wait_here_is_refused_with_its_reason() {
    let pool = pool(PoolLimits { ahead_max: 10, transactions_max: 3, ..PoolLimits::default() });
    let known = Sent(5);
    let check = |nonce| pool.check(&known, &[1; 20], nonce, 100).unwrap();
    assert_eq!(check(4), Err(Refusal::NonceUsed { found: 4, next: 5 }));
    assert_eq!(check(15), Err(Refusal::NonceTooFar { found: 15, next: 5, ahead_max: 10 }));
    assert_eq!(check(14), Ok(()));
    insert(&pool, 1, 0).unwrap();
    assert_eq!(insert(&pool, 1, 0), Err(Refusal::NonceTaken(0)));
    insert(&pool, 1, 1).unwrap();
    insert(&pool, 2, 0).unwrap();
    assert_eq!(insert(&pool, 3, 0), Err(Refusal::PoolFull { retry_after_ms: 100 }));
    assert_eq!(pool.state().transactions, 3);
    assert_eq!(pool.check(&known, &[9; 20], 5, 100).unwrap(), Err(Refusal::PoolFull { retry_after_ms: 100 }));
    assert_eq!(take(&pool, 1, 1).0.len(), 1);
    assert!(pool.insert(NOW, &Damaged, checked(7, 0), 0).is_err());
    assert_eq!(pool.state().transactions, 2, "the room is given back");
}

/// One who sends a thousand does not keep others out of a block.
#[test]
fn senders_take_turns() {
    let pool = pool(PoolLimits::default());
    (0..1000).for_each(|nonce| insert(&pool, 1, nonce).unwrap());
    for sender in 2..200 {
        insert(&pool, sender, 0).unwrap();
    }
    let (taken, _) = take(&pool, 1, 400);
    assert_eq!(taken.len(), 400);
    assert_eq!(taken.iter().filter(|(sender, _)| *sender != 1).count(), 198);
    let nonces: Vec<_> = taken.iter().filter(|(sender, _)| *sender == 1).map(|(_, nonce)| *nonce).collect();
    assert!(nonces.iter().copied().eq(0..202));
}

#[test]
fn a_block_takes_no_more_bytes_than_it_may() {
    let pool = pool(PoolLimits::default());
    (0..100).for_each(|sender| insert(&pool, sender, 0).unwrap());
    let taken = pool.take(1, 1000, 1050, &mut |_, _| panic!("nothing is refused"));
    assert_eq!(taken.len(), 10);
    assert_eq!(pool.state(), PoolState { transactions: 90, bytes: 9000 });
}

/// What follows a transaction that came into no block is told so, and the nonce is free again.
#[test]
fn a_refusal_frees_the_nonce() {
    let pool = pool(PoolLimits::default());
    (0..5).for_each(|nonce| insert(&pool, 1, nonce).unwrap());
    let (taken, _) = take(&pool, 1, 3);
    assert_eq!(taken, [(1, 0), (1, 1), (1, 2)]);
    let transactions: Vec<_> = (0..3).map(|nonce| checked(1, nonce)).collect();
    let no = Err(Refusal::NoEntry);
    let next = next_nonces(&transactions, &[Ok(()), no, no]);
    assert_eq!(next, [([1; 20], 1)]);
    let refused = Cell::new(0);
    pool.settle(next, &mut |waiting, refusal| {
        assert_eq!(refusal, Refusal::Predecessor { next: 1 });
        assert!(waiting.checked.nonce >= 3);
        refused.set(refused.get() + 1);
    });
    assert_eq!(refused.get(), 2);
    assert_eq!(pool.state(), PoolState::default());
    insert(&pool, 1, 1).unwrap();
    assert_eq!(take(&pool, 1, 3).0, [(1, 1)]);
}

#[test]
fn what_is_too_old_is_refused_with_all_behind_it() {
    let pool = pool(PoolLimits::default());
    (0..3).for_each(|nonce| insert(&pool, 1, nonce).unwrap());
    let (taken, refused) = take(&pool, 10, 5);
    assert!(taken.is_empty());
    let behind = Refusal::Predecessor { next: 0 };
    assert_eq!(refused, [(1, 0, Refusal::Expired { valid_until: 9, next: 10 }), (1, 1, behind), (1, 2, behind)]);
    assert_eq!(pool.state(), PoolState::default());
}

#[test]
fn gaps_end_in_time() {
    let pool = pool(PoolLimits { gap_max: Duration::from_secs(30), ..PoolLimits::default() });
    insert(&pool, 1, 1).unwrap();
    insert(&pool, 2, 0).unwrap();
    pool.expire(Duration::from_secs(29), &mut |_, _| panic!("not yet"));
    let refused = Cell::new(None);
    pool.expire(Duration::from_secs(30), &mut |waiting, refusal| refused.set(Some((waiting.checked.sender[0], refusal))));
    assert_eq!(refused.get(), Some((1, Refusal::Gap { seconds: 30, next: 0 })));
    assert_eq!(take(&pool, 1, 5).0, [(2, 0)]);
    pool.drain(&mut |_, _| panic!("nothing is left"));
    assert_eq!(pool.state(), PoolState::default());
}
