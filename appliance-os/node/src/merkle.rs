//! Hashes of trees, many at once, and the root of a block's transactions. docs/blocks.md specifies both.

use chainbox_engine::{
    hash::{Digest, Hash, Message},
    simd::Processor,
    transaction::native::Transaction,
};

/// What stands before the bytes of a leaf.
const LEAF: u8 = 0;

/// What stands before the bytes of an inner node.
const INNER: u8 = 1;

/// The root of no transactions, and the digest of an empty subtree of the state.
pub const EMPTY: Digest = [0; 32];

/// Computes digests side by side, as this processor can.
#[derive(Clone, Copy, Debug)]
pub struct Hasher {
    hash: Hash,
    processor: Processor,
}

impl Hasher {
    /// With the hash of a chain.
    #[must_use]
    pub fn new(hash: Hash) -> Self {
        Self { hash, processor: Processor::detect() }
    }

    /// The hash.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The digest of each string.
    #[must_use]
    pub fn all<'a>(&self, strings: impl IntoIterator<Item = &'a [u8]>) -> Vec<Digest> {
        self.messages(&strings.into_iter().map(|string| [string, &[]]).collect::<Vec<_>>())
    }

    /// The digests of inner nodes: H(1 || left || right).
    #[must_use]
    pub fn inner(&self, children: &[[Digest; 2]]) -> Vec<Digest> {
        self.messages(&children.iter().map(|pair| [&[INNER][..], pair.as_flattened()]).collect::<Vec<_>>())
    }

    /// The digest of one inner node.
    #[must_use]
    pub fn inner_one(&self, children: [Digest; 2]) -> Digest {
        self.prefixed_one(INNER, children.as_flattened())
    }

    /// The digests of leaves of two digests each: H(0 || first || second).
    #[must_use]
    pub fn leaves(&self, pairs: &[[Digest; 2]]) -> Vec<Digest> {
        self.messages(&pairs.iter().map(|pair| [&[LEAF][..], pair.as_flattened()]).collect::<Vec<_>>())
    }

    /// The digest of one leaf.
    #[must_use]
    pub fn leaf_one(&self, bytes: &[u8]) -> Digest {
        self.prefixed_one(LEAF, bytes)
    }

    fn prefixed_one(&self, prefix: u8, bytes: &[u8]) -> Digest {
        let mut digest = [EMPTY];
        self.hash.digest_all(&[[&[prefix], bytes]], &mut digest, self.processor);
        digest[0]
    }

    fn messages(&self, messages: &[Message<'_>]) -> Vec<Digest> {
        let mut digests = vec![EMPTY; messages.len()];
        self.hash.digest_all(messages, &mut digests, self.processor);
        digests
    }
}

/// What a block commits to of a transaction: its identity and its signature, 96 bytes.
#[must_use]
pub fn transaction_leaf(id: &Digest, signature: &[u8; 64]) -> [u8; 96] {
    let mut leaf = [0; 96];
    leaf[..32].copy_from_slice(id);
    leaf[32..].copy_from_slice(signature);
    leaf
}

/// The tree over a block's transactions: that of RFC 6962, with the chain's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionTree {
    /// From the leaves to the root; a node without a sibling stands a level higher.
    levels: Vec<Vec<Digest>>,
}

impl TransactionTree {
    /// The tree over transactions with their identities, in the order of the block.
    #[must_use]
    pub fn new<'a>(hasher: &Hasher, transactions: impl IntoIterator<Item = (&'a Digest, &'a [u8; 64])>) -> Self {
        let leaves: Vec<_> = transactions.into_iter().map(|(id, signature)| transaction_leaf(id, signature)).collect();
        let leaves = hasher.messages(&leaves.iter().map(|leaf| [&[LEAF][..], &leaf[..]]).collect::<Vec<_>>());
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let (pairs, alone) = level.as_chunks::<2>();
            let mut next = hasher.inner(pairs);
            next.extend(alone);
            levels.push(next);
        }
        Self { levels }
    }

    /// The tree over the transactions of a block, which are read for it.
    #[must_use]
    pub fn of(hasher: &Hasher, transactions: &[Transaction<'_>]) -> (Self, Vec<Digest>) {
        let ids = hasher.all(transactions.iter().map(|transaction| transaction.signed));
        (Self::new(hasher, ids.iter().zip(transactions.iter().map(|transaction| transaction.signature))), ids)
    }

    /// Its root.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or(EMPTY)
    }

    /// The siblings on the way from a leaf to the root.
    ///
    /// # Panics
    /// Where there is no such leaf.
    #[must_use]
    pub fn path(&self, index: usize) -> Vec<Digest> {
        assert!(index < self.levels[0].len(), "a transaction of the block");
        let siblings = self.levels.iter().enumerate().filter_map(|(height, level)| level.get((index >> height) ^ 1));
        siblings.copied().collect()
    }
}

/// The root that a leaf and its siblings give, in a tree of `count` leaves; none where there are too many siblings or too few.
#[must_use]
pub fn root_of(hasher: &Hasher, leaf: Digest, index: usize, count: usize, siblings: &[Digest]) -> Option<Digest> {
    if index >= count {
        return None;
    }
    let (mut digest, mut index, mut width, mut siblings) = (leaf, index, count, siblings.iter());
    while width > 1 {
        if index ^ 1 < width {
            let sibling = *siblings.next()?;
            digest = hasher.inner_one(if index & 1 == 0 { [digest, sibling] } else { [sibling, digest] });
        }
        index /= 2;
        width = width.div_ceil(2);
    }
    siblings.next().is_none().then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962, section 2.1, word for word.
    fn plain(hasher: &Hasher, leaves: &[[u8; 96]]) -> Digest {
        match leaves {
            [] => EMPTY,
            [leaf] => hasher.hash.digest(&[&[0][..], leaf].concat()),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(split);
                hasher.hash.digest(&[&[1][..], &plain(hasher, left), &plain(hasher, right)].concat())
            }
        }
    }

    #[test]
    fn roots_and_paths_are_those_of_the_rfc() {
        for hash in Hash::ALL {
            let hasher = Hasher::new(hash);
            for count in 0..40_usize {
                let transactions: Vec<_> = (0..count).map(|index| ([index as u8; 32], [!index as u8; 64])).collect();
                let tree = TransactionTree::new(&hasher, transactions.iter().map(|(id, signature)| (id, signature)));
                let leaves: Vec<_> = transactions.iter().map(|(id, signature)| transaction_leaf(id, signature)).collect();
                assert_eq!(tree.root(), plain(&hasher, &leaves), "{count}");
                for (index, leaf) in leaves.iter().enumerate() {
                    let path = tree.path(index);
                    let root = |index, path: &[Digest]| root_of(&hasher, hasher.leaf_one(leaf), index, count, path);
                    assert_eq!(root(index, &path), Some(tree.root()));
                    assert_ne!(root((index + 1) % count, &path), Some(tree.root()).filter(|_| count > 1), "another place");
                    assert_eq!(root(count, &path), None);
                    assert_eq!(root(index, &[&path[..], &[EMPTY]].concat()), None, "one sibling too many");
                    assert!(path.is_empty() || root(index, &path[1..]).is_none(), "one too few");
                }
            }
        }
    }
}
