//! What is asked of a device: columns of strings, and the kernels that read them.

use std::{array, ops::Range};

use chainbox_engine::{
    batch::{Batch, ByteColumn, Encoding, Input, RecoveryBatch},
    hash::Hash,
    scheme::Scheme,
};

use super::STRING_BYTES_MAX;
use crate::{
    device::Launch,
    layout::{DIGEST_WORDS, FLAG_DER, FLAG_LOW_S, FLAG_MESSAGES, GROUP_LANES, Params, RECOVER_WORDS, VERIFY_WORDS},
    program::{Curve, Purpose},
};

/// The columns in the order in which they stand in the input.
pub(super) const KEYS: usize = 0;
pub(super) const INPUTS: usize = 1;
pub(super) const SIGNATURES: usize = 2;
pub(super) const IDS: usize = 3;

/// Some items of a batch, in the order in which a device gets them.
#[derive(Clone)]
pub(super) enum Items<'a> {
    /// Items that follow one another.
    Range(Range<usize>),
    /// Items here and there.
    List(&'a [u32]),
    /// Items with the place of their key's table.
    Known(&'a [(u32, u32)]),
}

impl Items<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::List(items) => items.len(),
            Self::Known(items) => items.len(),
        }
    }

    /// The place in the batch of item `index` of these.
    pub(super) fn item(&self, index: usize) -> usize {
        match self {
            Self::Range(range) => range.start + index,
            Self::List(items) => items[index] as usize,
            Self::Known(items) => items[index].0 as usize,
        }
    }

    /// Some of these.
    pub(super) fn part(&self, part: Range<usize>) -> Self {
        match self {
            Self::Range(range) => Self::Range(range.start + part.start..range.start + part.end),
            Self::List(items) => Self::List(&items[part]),
            Self::Known(items) => Self::Known(&items[part]),
        }
    }

    /// The places in the batch, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).map(|index| self.item(index))
    }
}

/// Kernels of one program that are launched one after the other.
pub(super) struct Stage {
    pub purpose: Purpose,
    kernels: &'static [&'static str],
}

impl Stage {
    /// A launch of each kernel over all items, and of the one that makes tables over a group for each. `kernels` are those of the program.
    pub(super) fn launches(&self, kernels: &[&'static str], params: Params, new_tables: usize) -> Vec<Launch> {
        let launch = |name: &&str| {
            let kernel = kernels.iter().position(|kernel| kernel == name).expect("a program has the kernels of its stages");
            let groups = if *name == "key_tables" { new_tables as u32 } else { params.lanes / GROUP_LANES as u32 };
            Launch { kernel, groups, params }
        };
        self.kernels.iter().map(launch).filter(|launch| launch.groups > 0).collect()
    }
}

/// What is asked of a device.
pub(super) struct Job<'a> {
    columns: [Option<&'a ByteColumn>; 4],
    pub stages: Vec<Stage>,
    pub flags: u32,
    pub answer_words: usize,
    /// The curve of the program; `None` for digests.
    pub curve: Option<Curve>,
    /// Jobs that cost the same by item, see [`super::chunks::Pace`].
    pub pace: usize,
    /// Whether any string is too long for a lane. Hardly ever is, and then nobody has to look at each item.
    has_long: bool,
}

/// How many paces there are: verification on each curve, recovery, digests, known keys of each curve.
pub(super) const PACES: usize = 8;

/// Whether any string of some columns is too long for a lane.
fn has_long(columns: &[Option<&ByteColumn>; 4]) -> bool {
    columns.iter().flatten().any(|column| {
        let begins = [0].iter().chain(column.ends());
        column.data().len() > STRING_BYTES_MAX && begins.zip(column.ends()).any(|(begin, end)| (end - begin) as usize > STRING_BYTES_MAX)
    })
}

fn flag(is_set: bool, flag: u32) -> u32 {
    if is_set { flag } else { 0 }
}

impl<'a> Job<'a> {
    pub(super) fn verify(batch: &'a Batch) -> Self {
        let shape = batch.shape();
        let curve = Curve::of(shape.scheme);
        let is_message = shape.input == Input::Message;
        let verify = Purpose::Verify(curve);
        let stages = if shape.scheme == Scheme::EcdsaSecp256k1Sha256 && is_message {
            vec![
                Stage { purpose: Purpose::HashInputs(curve, shape.scheme.hash()), kernels: &["hash_inputs"] },
                Stage { purpose: verify, kernels: &["parse_items", "scalars", "key_multiples", "double_product", "decide"] },
            ]
        } else {
            vec![Stage { purpose: verify, kernels: &crate::program::VERIFY_KERNELS }]
        };
        let columns = [Some(batch.keys()), Some(batch.inputs()), Some(batch.signatures()), shape.has_id().then(|| batch.ids())];
        Self {
            has_long: has_long(&columns),
            columns,
            stages,
            flags: flag(is_message, FLAG_MESSAGES) | flag(shape.encoding == Encoding::Der, FLAG_DER) | flag(shape.low_s, FLAG_LOW_S),
            answer_words: VERIFY_WORDS,
            curve: Some(curve),
            pace: curve as usize,
        }
    }

    /// The same for items whose keys have tables.
    pub(super) fn verify_known(batch: &'a Batch) -> Self {
        let job = Self::verify(batch);
        let curve = Curve::of(batch.shape().scheme);
        let mut stages = job.stages;
        let hashed_before = stages.len() > 1;
        stages.truncate(usize::from(hashed_before));
        let verify = |kernels| Stage { purpose: Purpose::Verify(curve), kernels };
        stages.push(verify(if hashed_before { &["parse_items", "scalars"] } else { &["parse_items", "hash_inputs", "scalars"] }));
        stages.push(Stage { purpose: Purpose::KnownKeys(curve), kernels: &crate::program::KNOWN_KERNELS });
        stages.push(verify(&["decide"]));
        Self { stages, pace: 5 + curve as usize, ..job }
    }

    pub(super) fn recover(batch: &'a RecoveryBatch) -> Self {
        let columns = [None, Some(batch.inputs()), Some(batch.signatures()), None];
        Self {
            has_long: has_long(&columns),
            columns,
            stages: vec![Stage { purpose: Purpose::Recover, kernels: &crate::program::RECOVER_KERNELS }],
            flags: flag(batch.input() == Input::Message, FLAG_MESSAGES) | flag(batch.low_s(), FLAG_LOW_S),
            answer_words: RECOVER_WORDS,
            curve: Some(Curve::Secp256k1),
            pace: 3,
        }
    }

    pub(super) fn digest(hash: Hash, messages: &'a ByteColumn) -> Self {
        let columns = [None, Some(messages), None, None];
        Self {
            has_long: has_long(&columns),
            columns,
            stages: vec![Stage { purpose: Purpose::Digest(hash), kernels: &["digest_messages"] }],
            flags: FLAG_MESSAGES,
            answer_words: DIGEST_WORDS,
            curve: None,
            pace: 4,
        }
    }

    pub(super) fn items(&self) -> usize {
        self.column(INPUTS).map_or(0, ByteColumn::len)
    }

    pub(super) const fn column(&self, place: usize) -> Option<&'a ByteColumn> {
        self.columns[place]
    }

    /// The lengths of an item's strings, 0 where there is no column.
    pub(super) fn lengths(&self, index: usize) -> [usize; 4] {
        array::from_fn(|place| self.columns[place].map_or(0, |column| column.get(index).len()))
    }

    /// Whether the CPU decides this item: a string of it is too long for a lane.
    pub(super) fn is_long(&self, index: usize) -> bool {
        self.has_long && self.lengths(index).into_iter().any(|length| length > STRING_BYTES_MAX)
    }

    /// Whether lanes are sorted by the lengths of inputs, so that those of a group hash the same number of blocks.
    pub(super) const fn hashes_messages(&self) -> bool {
        self.flags & FLAG_MESSAGES != 0
    }

    /// The bytes of items in all columns.
    pub(super) fn bytes(&self, items: &Items<'_>) -> usize {
        let Items::Range(range) = items else { return items.iter().map(|index| self.lengths(index).iter().sum::<usize>()).sum() };
        let of_column = |column: &ByteColumn| {
            let end = |index: usize| index.checked_sub(1).map_or(0, |last| column.ends()[last] as usize);
            end(range.end) - end(range.start)
        };
        self.columns.iter().flatten().copied().map(of_column).sum()
    }
}
