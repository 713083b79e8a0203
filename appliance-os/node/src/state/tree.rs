//! The tree over the state: a sparse Merkle tree in which a leaf stands as high as it is alone.
//!
//! The nodes down to some depth are kept in one array; what stands below each of the last of them is a page, whose leaves are loaded when they are asked for
//! and whose own few nodes are computed anew when it changes. So memory is bounded, nothing but leaves is stored, and the array is made anew at a start.

use std::{
    collections::{HashMap, VecDeque},
    io,
    ops::RangeInclusive,
    sync::Arc,
};

use chainbox_engine::hash::Digest;

use super::{
    Account, StateKey,
    page::{Kind, Leaf, Leaves, Node, Page, PageLeaf, above, bit, leaf_digests, roots},
    proof::{Found, StatePath},
};
use crate::merkle::Hasher;

/// Something that a block changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The digest of the key.
    pub path: Digest,
    /// What it is, as [`StateKey::to_bytes`].
    pub key: Box<[u8]>,
    /// What it holds from now on; none where it is removed.
    pub value: Option<Box<[u8]>>,
}

/// How much of the state is kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct StateOptions {
    /// Leaves in loaded pages, at most, but for those of blocks that are not applied yet. One takes some 200 bytes.
    pub leaves_max: usize,
    /// The leaves that are expected: the tree is made so that a page has one or two of so many, as far as the bounds of the array allow.
    pub leaves_expected: u64,
}

impl Default for StateOptions {
    fn default() -> Self {
        Self { leaves_max: 1 << 20, leaves_expected: 0 }
    }
}

/// Levels of the array, at least and at most: 4 MB and 280 MB of it.
const BITS_MIN: u32 = 16;
const BITS_MAX: u32 = 22;

/// Leaves that are hashed together when the array is made.
const LEAVES_TOGETHER: usize = 4096;

/// The state, at the height of the last block that was committed to it.
pub struct State {
    hasher: Hasher,
    leaves: Arc<dyn Leaves>,
    /// The depth at which pages stand.
    bits: u32,
    /// The node of index i has the children 2i and 2i + 1; the root is 1, the first page is 2^bits.
    nodes: Vec<Node>,
    pages: HashMap<u32, Page>,
    /// Loaded pages in the order in which they are looked at to be let go.
    sweep: VecDeque<u32>,
    leaves_loaded: usize,
    leaves_max: usize,
    height: u64,
    /// The height of what leaves are read from.
    applied: u64,
}

/// What a block makes of the state, until it is committed.
#[derive(Debug)]
pub struct Prepared {
    /// The root.
    pub root: Digest,
    nodes: Vec<(u32, Node)>,
    pages: Vec<(u32, Page)>,
}

impl State {
    /// The state at a height, from all its leaves, which `scan` gives in the order of their paths.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn load(
        hasher: Hasher,
        leaves: Arc<dyn Leaves>,
        options: &StateOptions,
        height: u64,
        scan: impl FnOnce(&mut dyn FnMut(Leaf)) -> io::Result<()>,
    ) -> io::Result<Self> {
        let bits = options.leaves_expected.max(1).ilog2().clamp(BITS_MIN, BITS_MAX);
        let mut state = Self {
            hasher,
            leaves,
            bits,
            nodes: vec![Node::default(); 2 << bits],
            pages: HashMap::new(),
            sweep: VecDeque::new(),
            leaves_loaded: 0,
            leaves_max: options.leaves_max,
            height,
            applied: height,
        };
        let mut waiting: Vec<Leaf> = Vec::new();
        scan(&mut |leaf| {
            // Only whole pages are hashed: the last one may go on.
            if waiting.len() >= LEAVES_TOGETHER && state.page_of(&leaf.path) != state.page_of(&waiting[waiting.len() - 1].path) {
                state.set_pages(std::mem::take(&mut waiting));
            }
            waiting.push(leaf);
        })?;
        state.set_pages(waiting);
        let pages = (1 << bits..2 << bits).filter(|index| state.nodes[*index as usize].kind != Kind::Empty);
        let pages: Vec<(u32, Node)> = pages.map(|index| (index, state.nodes[index as usize])).collect();
        for (index, node) in state.above_all(pages) {
            state.nodes[index as usize] = node;
        }
        Ok(state)
    }

    /// Sets the nodes of the pages of some leaves, without keeping the pages.
    fn set_pages(&mut self, leaves: Vec<Leaf>) {
        let leaves = with_digests(&self.hasher, leaves);
        let pages: Vec<_> = leaves.chunk_by(|a, b| self.page_of(&a.leaf.path) == self.page_of(&b.leaf.path)).collect();
        let nodes = roots(&self.hasher, &pages, self.bits as usize);
        let indices: Vec<_> = pages.iter().map(|page| self.page_of(&page[0].leaf.path)).collect();
        for (index, node) in indices.into_iter().zip(nodes) {
            self.nodes[(1 << self.bits) + index as usize] = node;
        }
    }

    /// The root of the state.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.nodes[1].digest
    }

    /// Bytes of the array of nodes.
    #[must_use]
    pub const fn array_bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>()
    }

    /// The height of the last block that was committed.
    #[must_use]
    pub const fn height(&self) -> u64 {
        self.height
    }

    /// The hash of the chain.
    #[must_use]
    pub const fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// What stands at a path.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn get(&mut self, path: &Digest) -> io::Result<Option<&[u8]>> {
        let page = self.page_of(path);
        Ok(self.page(page)?.get(path).map(|leaf| &*leaf.leaf.value))
    }

    /// An account.
    ///
    /// # Errors
    /// Where it cannot be read, or is damaged.
    pub fn account(&mut self, path: &Digest) -> io::Result<Account> {
        match self.get(path)? {
            None => Ok(Account::default()),
            Some(value) => {
                Account::from_value(value).ok_or_else(|| io::Error::other("an account of the state is damaged: run verify-store"))
            }
        }
    }

    /// What changes would make of the state. Each path stands there once.
    ///
    /// # Errors
    /// Where pages cannot be read.
    pub fn prepare(&mut self, height: u64, changes: &mut [Change]) -> io::Result<Prepared> {
        changes.sort_unstable_by_key(|change| change.path);
        let digests = leaf_digests(&self.hasher, changes.iter().map(|change| (&change.path, change.value.as_deref().unwrap_or_default())));
        let mut pages: Vec<(u32, Page)> = Vec::new();
        for (change, digest) in changes.iter().zip(digests) {
            let index = self.page_of(&change.path);
            if pages.last().is_none_or(|(last, _)| *last != index) {
                let page = Page { changed_at: height, is_used: true, ..self.page(index)?.clone() };
                pages.push((index, page));
            }
            if let Some((_, page)) = pages.last_mut() {
                page.change(change, digest);
            }
        }
        let leaves: Vec<_> = pages.iter().map(|(_, page)| &page.leaves[..]).collect();
        let made = roots(&self.hasher, &leaves, self.bits as usize);
        let mut nodes: Vec<(u32, Node)> = pages.iter().map(|(index, _)| (1 << self.bits) + index).zip(made).collect();
        nodes.extend(self.above_all(nodes.clone()));
        Ok(Prepared { root: nodes.last().map_or(self.root(), |(_, node)| node.digest), nodes, pages })
    }

    /// What changed nodes of one level, in order, make of those above them: level by level, the root last.
    fn above_all(&self, mut level: Vec<(u32, Node)>) -> Vec<(u32, Node)> {
        let mut nodes = Vec::new();
        while level.first().is_some_and(|(index, _)| *index > 1) {
            let pairs: Vec<(u32, [Node; 2])> = level
                .chunk_by(|(a, _), (b, _)| a / 2 == b / 2)
                .map(|changed| {
                    let parent = changed[0].0 / 2;
                    let mut pair = [self.nodes[2 * parent as usize], self.nodes[2 * parent as usize + 1]];
                    changed.iter().for_each(|(index, node)| pair[*index as usize % 2] = *node);
                    (parent, pair)
                })
                .collect();
            let made = above(&self.hasher, &pairs.iter().map(|(_, pair)| *pair).collect::<Vec<_>>());
            level = pairs.iter().map(|(parent, _)| *parent).zip(made).collect();
            nodes.extend(&level);
        }
        nodes
    }

    /// Makes what was prepared the state at a height.
    pub fn commit(&mut self, height: u64, prepared: Prepared) {
        for (index, node) in prepared.nodes {
            self.nodes[index as usize] = node;
        }
        for (index, page) in prepared.pages {
            self.leaves_loaded += page.leaves.len();
            match self.pages.insert(index, page) {
                Some(before) => self.leaves_loaded -= before.leaves.len(),
                // It was let go since it was prepared.
                None => self.sweep.push_back(index),
            }
        }
        self.height = height;
        self.let_go();
    }

    /// Says that all up to this height stands where leaves are read from.
    pub fn applied(&mut self, height: u64) {
        self.applied = height;
        self.let_go();
    }

    /// What stands at a path, and how that is seen from the root.
    ///
    /// # Errors
    /// Where pages cannot be read.
    pub fn prove(&mut self, path: &Digest) -> io::Result<StatePath> {
        let mut siblings = Vec::new();
        let mut index = 1_usize;
        for depth in 0..self.bits as usize {
            match self.nodes[index].kind {
                Kind::Empty => return Ok(StatePath { found: Found::Nothing, siblings }),
                Kind::Leaf => return Ok(StatePath { found: self.alone_below(index)?.into(), siblings }),
                Kind::Inner => {}
            }
            index = 2 * index + usize::from(bit(path, depth));
            siblings.push(self.nodes[index ^ 1].digest);
        }
        let (hasher, mut depth) = (self.hasher, self.bits as usize);
        let page = self.page(index as u32 - (1 << self.bits))?;
        let mut leaves = &page.leaves[..];
        while leaves.len() > 1 {
            let split = leaves.partition_point(|leaf| !bit(&leaf.leaf.path, depth));
            let (left, right) = leaves.split_at(split);
            let (taken, other) = if bit(path, depth) { (right, left) } else { (left, right) };
            siblings.push(roots(&hasher, &[other], depth + 1)[0].digest);
            leaves = taken;
            depth += 1;
        }
        Ok(StatePath { found: leaves.first().map_or(Found::Nothing, |leaf| leaf.leaf.clone().into()), siblings })
    }

    /// The one leaf below a node.
    fn alone_below(&mut self, mut index: usize) -> io::Result<Leaf> {
        while index < 1 << self.bits {
            index = if self.nodes[2 * index].kind == Kind::Empty { 2 * index + 1 } else { 2 * index };
        }
        let page = self.page(index as u32 - (1 << self.bits))?;
        page.leaves.first().map(|leaf| leaf.leaf.clone()).ok_or_else(|| io::Error::other("the state lacks a leaf: run verify-store"))
    }

    /// The page of a path.
    fn page_of(&self, path: &Digest) -> u32 {
        u32::from_be_bytes([path[0], path[1], path[2], path[3]]) >> (32 - self.bits)
    }

    /// The paths of a page.
    fn paths_of(&self, page: u32) -> RangeInclusive<Digest> {
        let first = page << (32 - self.bits);
        let last = first | (u32::MAX >> self.bits);
        let path = |head: u32, rest: u8| {
            let mut path = [rest; 32];
            path[..4].copy_from_slice(&head.to_be_bytes());
            path
        };
        path(first, 0)..=path(last, u8::MAX)
    }

    /// A page, loaded where it is not.
    fn page(&mut self, index: u32) -> io::Result<&mut Page> {
        if !self.pages.contains_key(&index) {
            // Nothing is read where nothing stands.
            let leaves = match self.nodes[(1 << self.bits) + index as usize].kind {
                Kind::Empty => Vec::new(),
                _ => with_digests(&self.hasher, self.leaves.range(self.paths_of(index))?),
            };
            self.let_go();
            self.leaves_loaded += leaves.len();
            self.pages.insert(index, Page { leaves, ..Page::default() });
            self.sweep.push_back(index);
        }
        let page = self.pages.get_mut(&index).expect("it was just put there");
        page.is_used = true;
        Ok(page)
    }

    /// Lets pages go while too many leaves are loaded: those that were not asked for since they were looked at last.
    fn let_go(&mut self) {
        let mut looks = 2 * self.sweep.len();
        // An empty page counts as a leaf, so that their number has a bound too.
        while self.leaves_loaded.max(self.pages.len()) > self.leaves_max && looks > 0 {
            looks -= 1;
            let Some(index) = self.sweep.pop_front() else { return };
            let Some(page) = self.pages.get_mut(&index) else { continue };
            if page.is_used || page.changed_at > self.applied {
                page.is_used = false;
                self.sweep.push_back(index);
            } else {
                self.leaves_loaded -= page.leaves.len();
                self.pages.remove(&index);
            }
        }
    }
}

/// Leaves with their digests.
fn with_digests(hasher: &Hasher, leaves: Vec<Leaf>) -> Vec<PageLeaf> {
    let digests = leaf_digests(hasher, leaves.iter().map(|leaf| (&leaf.path, &*leaf.value)));
    leaves.into_iter().zip(digests).map(|(leaf, digest)| PageLeaf { leaf, digest }).collect()
}

impl Change {
    /// What becomes of an account.
    #[must_use]
    pub fn of_account(path: Digest, address: &[u8; 20], account: &Account) -> Self {
        Self { path, key: StateKey::account_bytes(address).into(), value: account.to_value() }
    }
}

#[cfg(test)]
mod tests;
