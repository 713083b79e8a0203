//! Pages: the leaves of the state whose paths begin with the same bits, as the tree loads them and lets them go.

use std::{collections::BTreeMap, io, ops::RangeInclusive, sync::Mutex};

use chainbox_engine::hash::Digest;

use super::tree::Change;
use crate::merkle::{EMPTY, Hasher};

/// A leaf: something that stands in the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The digest of the key: where it stands.
    pub path: Digest,
    /// What it is, as [`super::StateKey::to_bytes`].
    pub key: Box<[u8]>,
    /// What it holds.
    pub value: Box<[u8]>,
}

/// Where leaves are read from: the state as it was at some height that is not above the tree's.
pub trait Leaves: Send + Sync {
    /// The leaves whose paths are in the range, in the order of their paths.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn range(&self, paths: RangeInclusive<Digest>) -> io::Result<Vec<Leaf>>;
}

/// Leaves in memory, for tests and simulations.
#[derive(Debug, Default)]
pub struct MemoryLeaves(Mutex<BTreeMap<Digest, Leaf>>);

impl MemoryLeaves {
    /// Some leaves.
    #[must_use]
    pub fn of(leaves: &[Leaf]) -> Self {
        Self(Mutex::new(leaves.iter().map(|leaf| (leaf.path, leaf.clone())).collect()))
    }

    /// Takes changes over.
    ///
    /// # Panics
    /// Where another thread panicked with it.
    pub fn apply(&self, changes: &[Change]) {
        let mut leaves = self.0.lock().expect("no thread panicked with it");
        for change in changes {
            match &change.value {
                Some(value) => {
                    leaves.insert(change.path, Leaf { path: change.path, key: change.key.clone(), value: value.clone() });
                }
                None => {
                    leaves.remove(&change.path);
                }
            }
        }
    }

    /// All leaves, in the order of their paths.
    ///
    /// # Panics
    /// Where another thread panicked with it.
    #[must_use]
    pub fn all(&self) -> Vec<Leaf> {
        self.0.lock().expect("no thread panicked with it").values().cloned().collect()
    }
}

impl Leaves for MemoryLeaves {
    fn range(&self, paths: RangeInclusive<Digest>) -> io::Result<Vec<Leaf>> {
        Ok(self.0.lock().expect("no thread panicked with it").range(paths).map(|(_, leaf)| leaf.clone()).collect())
    }
}

/// What a node of the tree stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// No leaf.
    #[default]
    Empty,
    /// One leaf, whose digest is the node's: it stands as high as it is alone.
    Leaf,
    /// Two or more.
    Inner,
}

/// A node of the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub digest: Digest,
    pub kind: Kind,
}

impl Node {
    /// The node above two, where it needs no hash.
    pub const fn above(left: &Self, right: &Self) -> Option<Self> {
        match (left.kind, right.kind) {
            (Kind::Empty, Kind::Empty | Kind::Leaf) => Some(*right),
            (Kind::Leaf, Kind::Empty) => Some(*left),
            _ => None,
        }
    }

    pub const fn inner(digest: Digest) -> Self {
        Self { digest, kind: Kind::Inner }
    }
}

/// The nodes above pairs.
pub(super) fn above(hasher: &Hasher, pairs: &[[Node; 2]]) -> Vec<Node> {
    let mut nodes: Vec<_> = pairs.iter().map(|[left, right]| Node::above(left, right)).collect();
    let to_hash = nodes.iter().zip(pairs).filter(|(node, _)| node.is_none()).map(|(_, [left, right])| [left.digest, right.digest]);
    let mut digests = hasher.inner(&to_hash.collect::<Vec<_>>()).into_iter();
    nodes.iter_mut().filter(|node| node.is_none()).for_each(|node| *node = digests.next().map(Node::inner));
    nodes.into_iter().flatten().collect()
}

/// A leaf in a page, with its digest H(0 || path || H(value)).
#[derive(Clone, Debug)]
pub(super) struct PageLeaf {
    pub leaf: Leaf,
    pub digest: Digest,
}

/// The leaves whose paths begin with the same bits, in the order of their paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub leaves: Vec<PageLeaf>,
    /// The height of the last block that changed it; until that one is applied to what leaves are read from, it stays.
    pub changed_at: u64,
    /// It was asked for since the last sweep.
    pub is_used: bool,
}

impl Page {
    pub fn get(&self, path: &Digest) -> Option<&PageLeaf> {
        self.find(path).ok().map(|index| &self.leaves[index])
    }

    fn find(&self, path: &Digest) -> Result<usize, usize> {
        self.leaves.binary_search_by(|leaf| leaf.leaf.path.cmp(path))
    }

    /// Makes a change; `digest` is that of the leaf.
    pub fn change(&mut self, change: &Change, digest: Digest) {
        match (self.find(&change.path), &change.value) {
            (Ok(index), None) => {
                self.leaves.remove(index);
            }
            (Err(_), None) => {}
            (Ok(index), Some(value)) => {
                let leaf = &mut self.leaves[index];
                leaf.leaf.value.clone_from(value);
                leaf.digest = digest;
            }
            (Err(index), Some(value)) => {
                let leaf = Leaf { path: change.path, key: change.key.clone(), value: value.clone() };
                self.leaves.insert(index, PageLeaf { leaf, digest });
            }
        }
    }
}

/// The digests of leaves: H(0 || path || H(value)).
pub(super) fn leaf_digests<'a>(hasher: &Hasher, leaves: impl Iterator<Item = (&'a Digest, &'a [u8])> + Clone) -> Vec<Digest> {
    let values = hasher.all(leaves.clone().map(|(_, value)| value));
    hasher.leaves(&leaves.zip(values).map(|((path, _), value)| [*path, value]).collect::<Vec<_>>())
}

/// Bit `index` of a path, counted from the first.
pub(super) const fn bit(path: &Digest, index: usize) -> bool {
    path[index / 8] & (0x80 >> (index % 8)) != 0
}

/// The nodes on top of pages whose leaves share their first `depth` bits: all pages' nodes of one height are hashed together.
pub(super) fn roots(hasher: &Hasher, pages: &[&[PageLeaf]], depth: usize) -> Vec<Node> {
    let mut plan = Plan::default();
    let tops: Vec<_> = pages.iter().map(|leaves| plan.subtree(leaves, depth)).collect();
    for height in 0..plan.levels.len() {
        let pairs: Vec<_> = plan.levels[height].iter().map(|pair| pair.map(|part| plan.node(part))).collect();
        plan.made.push(above(hasher, &pairs));
    }
    tops.into_iter().map(|part| plan.node(part)).collect()
}

/// A node that is there, or that is made: its height, and its place among those of that height.
#[derive(Clone, Copy)]
enum Part {
    Is(Node),
    Made(usize, usize),
}

/// Nodes to be made, by their heights.
#[derive(Default)]
struct Plan {
    levels: Vec<Vec<[Part; 2]>>,
    made: Vec<Vec<Node>>,
}

impl Plan {
    fn subtree(&mut self, leaves: &[PageLeaf], depth: usize) -> Part {
        match leaves {
            [] => Part::Is(Node { digest: EMPTY, kind: Kind::Empty }),
            [leaf] => Part::Is(Node { digest: leaf.digest, kind: Kind::Leaf }),
            _ => {
                let split = leaves.partition_point(|leaf| !bit(&leaf.leaf.path, depth));
                let (left, right) = leaves.split_at(split);
                let pair = [self.subtree(left, depth + 1), self.subtree(right, depth + 1)];
                let height = pair.iter().map(|part| if let Part::Made(height, _) = part { height + 1 } else { 0 }).max().unwrap_or(0);
                if self.levels.len() == height {
                    self.levels.push(Vec::new());
                }
                self.levels[height].push(pair);
                Part::Made(height, self.levels[height].len() - 1)
            }
        }
    }

    fn node(&self, part: Part) -> Node {
        match part {
            Part::Is(node) => node,
            Part::Made(height, place) => self.made[height][place],
        }
    }
}
