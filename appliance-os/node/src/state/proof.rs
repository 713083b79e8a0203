//! What stands at a place of the state, or that nothing does, as seen from the root.

use chainbox_engine::hash::Digest;

use super::{Leaf, page::bit};
use crate::merkle::{EMPTY, Hasher};

/// The longest way from the root, in nodes.
const SIBLINGS_MAX: usize = 256;

/// What the way along a path ends at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing stands there.
    Nothing,
    /// A leaf: the one that was looked for, or another that stands alone there.
    Leaf {
        /// Its path.
        path: Digest,
        /// Its key.
        key: Box<[u8]>,
        /// Its value.
        value: Box<[u8]>,
    },
}

impl From<Leaf> for Found {
    fn from(Leaf { path, key, value }: Leaf) -> Self {
        Self::Leaf { path, key, value }
    }
}

/// The way along a path from the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatePath {
    /// What it ends at.
    pub found: Found,
    /// The siblings on the way, from the root on.
    pub siblings: Vec<Digest>,
}

impl StatePath {
    /// The root of a state of which this is the way along a path, and what stands at the path. None where this is no such way.
    #[must_use]
    pub fn root(&self, hasher: &Hasher, path: &Digest) -> Option<(Digest, Option<&[u8]>)> {
        let depth = self.siblings.len();
        if depth > SIBLINGS_MAX {
            return None;
        }
        let (mut digest, value) = match &self.found {
            Found::Nothing => (EMPTY, None),
            Found::Leaf { path: found, key, value } => {
                let is_on_the_way = (0..depth).all(|index| bit(found, index) == bit(path, index));
                if !is_on_the_way || hasher.hash().digest(key) != *found {
                    return None;
                }
                let value_digest = hasher.hash().digest(value);
                (hasher.leaf_one([*found, value_digest].as_flattened()), (found == path).then_some(&**value))
            }
        };
        for (index, sibling) in self.siblings.iter().enumerate().rev() {
            digest = hasher.inner_one(if bit(path, index) { [*sibling, digest] } else { [digest, *sibling] });
        }
        Some((digest, value))
    }
}
