//! Columns that fit and columns that do not, and any that proptest makes against a plain model.

use proptest::{prelude::*, test_runner::RngSeed};

use super::*;

const COLUMN: Strings<'static> = Strings { name: "keys", items: 0, data: &[], lengths: None, width: 0 };

fn refused(column: Strings<'_>) -> String {
    let failure = column.required().unwrap_err();
    assert_eq!(failure.status, Status::BadArgument);
    failure.message
}

#[test]
fn columns_by_lengths_and_by_width_are_the_same() {
    let by_lengths = Strings { items: 2, data: b"abcd", lengths: Some(&[2, 2]), ..COLUMN };
    let by_width = Strings { items: 2, data: b"abcd", width: 2, ..COLUMN };
    assert_eq!(by_lengths.required(), by_width.required());
    assert_eq!(by_width.required().unwrap().iter().collect::<Vec<_>>(), [b"ab", b"cd"]);
    let of_empty_strings = Strings { items: 2, lengths: Some(&[0, 0]), ..COLUMN };
    assert_eq!(of_empty_strings.required(), Ok(ByteColumn::of_empty_strings(2)));
}

#[test]
fn what_does_not_fit_is_named() {
    assert!(refused(Strings { items: 1, ..COLUMN }).contains("keys: is absent"));
    assert!(refused(Strings { items: 1, data: b"ab", ..COLUMN }).contains("2 bytes for 1 strings of 0 bytes"));
    assert!(refused(Strings { items: 2, data: b"abc", width: 2, ..COLUMN }).contains("3 bytes for 2 strings of 2 bytes"));
    assert!(refused(Strings { items: 1, data: b"ab", lengths: Some(&[2]), width: 2, ..COLUMN }).contains("lengths and a width"));
    assert!(refused(Strings { items: 1, data: b"ab", lengths: Some(&[1]), ..COLUMN }).contains("add up to 1"));
    assert!(refused(Strings { items: 3, data: b"ab", width: usize::MAX, ..COLUMN }).contains("2 bytes for 3 strings"));
}

#[test]
fn absent_columns_have_no_strings() {
    assert_eq!(Strings { items: 3, ..COLUMN }.optional(), Ok(ByteColumn::new()));
    assert_eq!(COLUMN.required(), Ok(ByteColumn::new()));
    assert_eq!(Strings { width: usize::MAX, ..COLUMN }.required().unwrap_err().status, Status::BadArgument);
    assert_eq!(Strings { width: 65, ..COLUMN }.required(), Ok(ByteColumn::new()));
}

/// The strings of a column as a plain reader cuts them, `None` where it is none.
fn model(column: &Strings<'_>) -> Option<Vec<Vec<u8>>> {
    let widths: Vec<usize> = match column.lengths {
        Some(lengths) if column.width == 0 => lengths.iter().map(|&length| length as usize).collect(),
        None if column.width > 0 || column.items == 0 => vec![column.width; column.items],
        _ => return None,
    };
    let mut rest = column.data;
    let strings = widths.into_iter().map(|width| rest.split_off(..width).map(<[u8]>::to_vec)).collect::<Option<Vec<_>>>()?;
    rest.is_empty().then_some(strings)
}

/// Every run tries the same columns.
const SEED: RngSeed = RngSeed::Fixed(4);

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: SEED, failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    /// Small numbers, so that many of the columns fit, and now and then a huge one.
    #[test]
    fn columns_are_those_of_the_model(
        data in prop::collection::vec(any::<u8>(), 0..12),
        lengths in prop::option::of(prop::collection::vec(prop_oneof![9 => 0_u32..6, 1 => any::<u32>()], 0..4)),
        width in prop_oneof![9 => 0_usize..5, 1 => 0..=u32::MAX as usize],
        items in 0_usize..5,
    ) {
        let items = lengths.as_ref().map_or(items, Vec::len);
        let column = Strings { items, data: &data, lengths: lengths.as_deref(), width, ..COLUMN };
        let read = column.required().ok().map(|column| column.iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
        prop_assert_eq!(read, model(&column));
    }

    /// A column that was cut into lengths reads back.
    #[test]
    fn strings_read_back(strings in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9)) {
        let lengths: Vec<u32> = strings.iter().map(|string| string.len() as u32).collect();
        let column = Strings { items: strings.len(), data: &strings.concat(), lengths: Some(&lengths), ..COLUMN };
        prop_assert!(column.required().unwrap().iter().eq(strings.iter().map(Vec::as_slice)));
    }
}
