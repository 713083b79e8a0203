//! Digests of many messages beside other crates.

use chainbox_engine::{
    backend::Backend,
    batch::ByteColumn,
    hash::{Digest, Hash},
};

use super::{Options, contest::Contest};
use crate::{
    Error,
    measure::{Contender, interleaved},
    peers::DigestPeer,
    report::DigestRow,
};

/// One row: messages of a fixed length, fresh ones for each sample. The expected digests are the peer's.
pub(super) fn row(contest: &Contest, hash: Hash, options: &Options) -> Result<DigestRow, Error> {
    let peer = DigestPeer::of(hash);
    let messages = (0..=options.samples).map(|round| messages(options, round)).collect::<Result<Vec<_>, _>>()?;
    let expected: Vec<Vec<Digest>> =
        messages.iter().map(|messages| messages.iter().map(|message| peer.digest(message)).collect()).collect();
    let engine = contest.engine(None)?;
    let times = interleaved(
        &expected,
        &[
            Contender { name: "the engine", answer: &|round| engine.digest(hash, &messages[round]) },
            Contender { name: peer.name(), answer: &|round| Ok(peer.digests(&contest.peers, &messages[round])) },
        ],
        || (),
    )?;
    let [ours, theirs] = [0, 1].map(|contender: usize| options.messages as f64 / times[contender].median().as_secs_f64());
    Ok(DigestRow {
        hash,
        message_bytes: options.message_bytes,
        batch: options.messages,
        threads: contest.threads,
        digests_per_s: ours,
        peer: peer.name(),
        peer_digests_per_s: theirs,
        ratio: ours / theirs,
    })
}

/// Messages that no other round has: each is its number and the round's, repeated.
fn messages(options: &Options, round: usize) -> Result<ByteColumn, Error> {
    let mut column = ByteColumn::with_capacity(options.messages, options.messages * options.message_bytes);
    for number in 0..options.messages {
        let pattern = ((round as u64) << 32 | number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        let message: Vec<u8> = pattern.into_iter().cycle().take(options.message_bytes).collect();
        column.push(&message)?;
    }
    Ok(column)
}
