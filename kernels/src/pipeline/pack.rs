//! Columns become the input of a slot: the order of the lanes, then for each column the ends of its strings and their bytes.

use std::collections::HashMap;

use super::{
    STRING_BYTES_MAX,
    job::{IDS, INPUTS, Items, Job, KEYS, SIGNATURES},
};
use crate::layout::{GROUP_LANES, Params};

/// Bytes of the input that belong to no item: the order of the lanes that fill a group up, the gaps before columns, and the zeros at the end, since kernels
/// read whole words.
pub(super) const BYTES_AROUND: usize = 4 * GROUP_LANES + 5 * 4 + END_BYTES;
const END_BYTES: usize = 16;

/// What one item takes at most.
pub(super) const fn bytes_of_longest_item() -> usize {
    BYTES_AROUND + 4 * 4 + 4 * (4 + STRING_BYTES_MAX)
}

/// What an item takes: its place in the order, the place of its key's table, at most one lane and place of a table to be made, its strings and their ends.
pub(super) fn bytes_of_item(job: &Job<'_>, index: usize) -> usize {
    let lengths = job.lengths(index);
    let ends = 4 * (0..4).filter(|&place| job.column(place).is_some()).count();
    let strings: usize = if is_long(&lengths) { lengths_of_long(job, &lengths).iter().sum() } else { lengths.iter().sum() };
    4 * 4 + ends + strings
}

fn is_long(lengths: &[usize; 4]) -> bool {
    lengths.iter().any(|&length| length > STRING_BYTES_MAX)
}

/// What stands on the device for an item that the CPU decides: empty strings, but for a digest, which has its 32 bytes everywhere.
fn lengths_of_long(job: &Job<'_>, lengths: &[usize; 4]) -> [usize; 4] {
    let mut shortened = [0; 4];
    if !job.hashes_messages() {
        shortened[INPUTS] = lengths[INPUTS];
    }
    shortened
}

/// The host's side of a slot. Its memory is used again and again.
#[derive(Default)]
pub(super) struct Staging {
    pub input: Vec<u8>,
    order: Vec<u32>,
}

/// Packs items, and says where everything is. `new` are the places of tables that are made on the way, each for a key of these items.
pub(super) fn pack(job: &Job<'_>, items: &Items<'_>, new: &[u32], staging: &mut Staging) -> Params {
    let count = items.len();
    // A group makes a table.
    let lanes = count.max(GROUP_LANES * new.len()).next_multiple_of(GROUP_LANES);
    let Staging { input, order } = staging;
    input.clear();
    lay_order(job, items, order);
    let order_at = words_so_far(input);
    put_words(input, order.iter().copied().chain(std::iter::repeat_n(0, lanes - count)));
    let (key_slots_at, turn, key_places) = match items {
        Items::Known(known) => put_places(known, new, order, input),
        Items::Range(_) | Items::List(_) => (0, 0, 0),
    };
    let [keys, inputs, signatures, ids] = [KEYS, INPUTS, SIGNATURES, IDS].map(|place| put_column(job, place, items, input));
    input.extend_from_slice(&[0; END_BYTES]);
    input.resize(input.len().next_multiple_of(4), 0);
    Params {
        items: count as u32,
        lanes: lanes as u32,
        flags: job.flags,
        order_at,
        key_ends_at: keys.ends_at,
        keys_at: keys.bytes_at,
        input_ends_at: inputs.ends_at,
        inputs_at: inputs.bytes_at,
        signature_ends_at: signatures.ends_at,
        signatures_at: signatures.bytes_at,
        id_ends_at: ids.ends_at,
        ids_at: ids.bytes_at,
        key_slots_at,
        key_tables_at: (super::generator::TABLE_BYTES / 4) as u32,
        turn,
        generator_at: job.curve.map_or(0, super::generator::place),
        input_bytes: input.len() as u32,
        key_places,
    }
}

/// The place of the table of each item's key, and for each new table a lane that has the key, and its place. Gives the words where both begin, and how many
/// places there are up to the last.
fn put_places(known: &[(u32, u32)], new: &[u32], order: &[u32], input: &mut Vec<u8>) -> (u32, u32, u32) {
    let key_slots_at = words_so_far(input);
    put_words(input, known.iter().map(|&(_, place)| place));
    let turn = words_so_far(input);
    if !new.is_empty() {
        let lanes: HashMap<u32, u32> = (0..).zip(order).map(|(lane, &item)| (known[item as usize].1, lane)).collect();
        put_words(input, new.iter().flat_map(|place| [lanes[place], *place]));
    }
    (key_slots_at, turn, known.last().map_or(0, |&(_, place)| place + 1))
}

/// The item of each lane. Those with messages of the same length stand together, since the lanes of a group wait for the longest. Items with known keys come
/// sorted by the places of their tables, and stay so among equals.
fn lay_order(job: &Job<'_>, items: &Items<'_>, order: &mut Vec<u32>) {
    order.clear();
    order.extend(0..items.len() as u32);
    let length = |item: u32| job.lengths(items.item(item as usize))[INPUTS];
    if job.hashes_messages() && order.windows(2).any(|pair| length(pair[0]) != length(pair[1])) {
        order.sort_unstable_by_key(|&item| (length(item), item));
    }
}

/// Where a column stands in the input: its ends in words, its bytes in bytes.
#[derive(Default)]
struct Place {
    ends_at: u32,
    bytes_at: u32,
}

fn put_column(job: &Job<'_>, place: usize, items: &Items<'_>, input: &mut Vec<u8>) -> Place {
    let Some(column) = job.column(place) else { return Place::default() };
    input.resize(input.len().next_multiple_of(4), 0);
    let ends_at = words_so_far(input);
    if let Items::Range(range) = items
        && !items.iter().any(|index| job.is_long(index))
    {
        let begin = range.start.checked_sub(1).map_or(0, |before| column.ends()[before]);
        let end = range.end.checked_sub(1).map_or(0, |last| column.ends()[last]);
        put_words(input, column.ends()[range.clone()].iter().map(|end| end - begin));
        let bytes_at = input.len() as u32;
        input.extend_from_slice(&column.data()[begin as usize..end as usize]);
        return Place { ends_at, bytes_at };
    }
    let kept = |index: usize| {
        let lengths = job.lengths(index);
        let length = if is_long(&lengths) { lengths_of_long(job, &lengths)[place] } else { lengths[place] };
        &column.get(index)[..length]
    };
    let ends = items.iter().scan(0, |end, index| {
        *end += kept(index).len() as u32;
        Some(*end)
    });
    put_words(input, ends);
    let bytes_at = input.len() as u32;
    items.iter().for_each(|index| input.extend_from_slice(kept(index)));
    Place { ends_at, bytes_at }
}

fn words_so_far(input: &[u8]) -> u32 {
    (input.len() / 4) as u32
}

fn put_words(input: &mut Vec<u8>, words: impl Iterator<Item = u32>) {
    input.extend(words.flat_map(u32::to_le_bytes));
}

#[cfg(test)]
mod tests {
    use chainbox_engine::{
        batch::{Batch, Item, Shape},
        scheme::Scheme,
    };

    use super::*;

    fn word(input: &[u8], at: u32) -> u32 {
        u32::from_le_bytes(input[4 * at as usize..][..4].try_into().unwrap())
    }

    fn string(input: &[u8], ends_at: u32, bytes_at: u32, item: u32) -> &[u8] {
        let begin = if item == 0 { 0 } else { word(input, ends_at + item - 1) };
        &input[(bytes_at + begin) as usize..(bytes_at + word(input, ends_at + item)) as usize]
    }

    /// Items of all lengths, a few of them too long for a device.
    fn batch(items: usize) -> Batch {
        let mut batch = Batch::new(Shape::messages(Scheme::Sm2Sm3));
        for number in 0..items {
            let of = |length: usize| vec![number as u8; length];
            let length = if number % 50 == 49 { STRING_BYTES_MAX + number } else { number * 31 % 97 };
            let (key, input, signature, id) = (of(number % 66), of(length), of(number % 70), of(number % 3));
            batch.push(Item { key: &key, input: &input, signature: &signature, id: Some(&id), hint: &[] }).unwrap();
        }
        batch
    }

    #[test]
    fn strings_are_where_the_params_say() {
        let batch = batch(200);
        let job = Job::verify(&batch);
        let mut staging = Staging::default();
        let list: Vec<u32> = (0..200).rev().step_by(3).collect();
        let ranges = [0..200, 0..49, 3..49, 150..200, 199..200, 10..11].map(Items::Range);
        for items in ranges.into_iter().chain([Items::List(&list)]) {
            let params = pack(&job, &items, &[], &mut staging);
            let input = &staging.input;
            assert!(
                input.len() % 4 == 0 && input.len() <= BYTES_AROUND + items.iter().map(|index| bytes_of_item(&job, index)).sum::<usize>()
            );
            assert_eq!((params.items as usize, params.lanes % 64), (items.len(), 0));
            for (item, index) in items.iter().enumerate() {
                let (item, Item { key, input: message, signature, id, .. }) = (item as u32, batch.item(index));
                let read = [
                    string(input, params.key_ends_at, params.keys_at, item),
                    string(input, params.input_ends_at, params.inputs_at, item),
                    string(input, params.signature_ends_at, params.signatures_at, item),
                    string(input, params.id_ends_at, params.ids_at, item),
                ];
                let expected = if job.is_long(index) { [&[][..]; 4] } else { [key, message, signature, id.unwrap()] };
                assert_eq!(read, expected, "item {index}");
            }
            let mut order: Vec<_> = (0..params.items).map(|lane| word(input, params.order_at + lane)).collect();
            let length = |item: u32| batch.item(items.item(item as usize)).input.len();
            assert!(order.is_sorted_by_key(|&item| length(item)));
            order.sort_unstable();
            assert!(order.into_iter().eq(0..params.items));
        }
    }
}
