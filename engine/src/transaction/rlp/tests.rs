use super::*;
use proptest::prelude::*;

/// The first item of `bytes`, which may not be followed by another one.
fn only(bytes: &[u8]) -> Result<Item<'_>, Error> {
    let mut reader = Reader::new(bytes);
    let item = reader.item()?;
    reader.end()?;
    Ok(item)
}

/// A header and as many zero bytes as given after it.
fn with_zeros(header: &[u8], zeros: usize) -> Vec<u8> {
    [header, &vec![0; zeros]].concat()
}

#[test]
fn strings_of_each_form_read() {
    let cases: [(&[u8], usize); 5] = [(&[0x80], 0), (&[0xb7], 55), (&[0xb8, 56], 56), (&[0xb8, 255], 255), (&[0xb9, 1, 0], 256)];
    for (header, length) in cases {
        assert_eq!(only(&with_zeros(header, length)), Ok(Item::String(&vec![0; length])), "{header:02x?}");
    }
    assert_eq!(only(&[0x00]), Ok(Item::String(&[0])));
    assert_eq!(only(&[0x7f]), Ok(Item::String(&[0x7f])));
    assert_eq!(only(&[0x81, 0x80]), Ok(Item::String(&[0x80])));
}

#[test]
fn lists_of_each_form_read() {
    let cases: [(&[u8], usize); 4] = [(&[0xc0], 0), (&[0xf7], 55), (&[0xf8, 56], 56), (&[0xf9, 1, 0], 256)];
    for (header, length) in cases {
        assert_eq!(only(&with_zeros(header, length)), Ok(Item::List(Reader::new(&vec![0; length]))), "{header:02x?}");
    }
}

#[test]
fn every_byte_below_0x80_with_a_header_is_refused() {
    for byte in 0..0x80 {
        assert_eq!(only(&[0x81, byte]), Err(Error::ByteWithHeader), "{byte:02x}");
    }
}

#[test]
fn lengths_that_have_a_shorter_form_are_refused() {
    for long in [0xb8, 0xf8] {
        for length in 0..=55 {
            assert_eq!(only(&with_zeros(&[long, length], length.into())), Err(Error::LengthNotShortest), "{long:02x} {length}");
        }
        for (header, length) in [(&[long + 1, 0, 56][..], 56), (&[long + 1, 0, 255], 255), (&[long + 7, 0, 0, 0, 0, 0, 0, 1, 0], 256)] {
            assert_eq!(only(&with_zeros(header, length)), Err(Error::LengthNotShortest), "{header:02x?}");
        }
    }
}

#[test]
fn what_reaches_beyond_the_end_is_refused() {
    let cases: [&[u8]; 9] =
        [&[0x81], &[0xb7], &[0xb8], &[0xb9, 1], &[0xbf, 1, 2, 3, 4, 5, 6, 7], &[0xc1], &[0xf8], &[0xf8, 56, 0], &[0xff, 1]];
    for bytes in cases {
        assert_eq!(only(bytes), Err(Error::Truncated), "{bytes:02x?}");
    }
    // Lengths near 2^64, where a careless sum of offsets would wrap around.
    for long in [0xbf, 0xff] {
        assert_eq!(only(&[long, 255, 255, 255, 255, 255, 255, 255, 255]), Err(Error::Truncated));
        assert_eq!(only(&[long, 128, 0, 0, 0, 0, 0, 0, 0, 1]), Err(Error::Truncated));
    }
}

#[test]
fn a_list_does_not_lend_its_items_bytes_beyond_its_end() {
    let mut outer = Reader::new(&[0xc1, 0x82, 1, 2]);
    assert_eq!(outer.list().unwrap().string(), Err(Error::Truncated));
}

#[test]
fn missing_and_trailing_items_are_refused() {
    assert_eq!(only(&[]), Err(Error::Missing));
    assert_eq!(only(&[0x80, 0x80]), Err(Error::Trailing));
    assert_eq!(Reader::new(&[0xc0]).list().unwrap().integer(), Err(Error::Missing));
}

#[test]
fn kinds_are_not_mixed_up() {
    assert_eq!(Reader::new(&[0xc0]).string(), Err(Error::ListUnexpected));
    assert_eq!(Reader::new(&[0xc0]).integer(), Err(Error::ListUnexpected));
    assert_eq!(Reader::new(&[0x80]).list(), Err(Error::StringUnexpected));
    assert_eq!(Reader::new(&[0x05]).list(), Err(Error::StringUnexpected));
}

#[test]
fn fixed_lengths_are_exact() {
    assert_eq!(Reader::new(&[0x82, 1, 2]).bytes(), Ok(&[1, 2]));
    assert_eq!(Reader::new(&[0x82, 1, 2]).bytes::<3>(), Err(Error::WrongLength(2)));
    assert_eq!(Reader::new(&[0x82, 1, 2]).bytes::<1>(), Err(Error::WrongLength(2)));
}

#[test]
fn integers_have_no_leading_zero() {
    assert_eq!(Reader::new(&[0x00]).integer(), Err(Error::LeadingZero));
    assert_eq!(Reader::new(&[0x82, 0, 0x80]).integer(), Err(Error::LeadingZero));
    assert_eq!(Reader::new(&[0x80]).u64(), Ok(0));
    assert_eq!(Reader::new(&[0x01]).u64(), Ok(1));
}

#[test]
fn integers_are_as_wide_as_asked_for_at_most() {
    let of_width = |bytes: u8| with_zeros(&[STRING + bytes, 1], usize::from(bytes) - 1);
    assert_eq!(Reader::new(&[0x88, 255, 255, 255, 255, 255, 255, 255, 255]).u64(), Ok(u64::MAX));
    assert_eq!(Reader::new(&of_width(9)).u64(), Err(Error::IntegerTooWide));
    assert_eq!(Reader::new(&of_width(17)).u64(), Err(Error::IntegerTooWide));
    assert_eq!(Reader::new(&of_width(16)).integer().unwrap().to_u128(), Some(1 << 120));
    assert_eq!(Reader::new(&of_width(17)).integer().unwrap().to_u128(), None);
    let mut widest = [0; 32];
    widest[0] = 1;
    assert_eq!(Reader::new(&of_width(32)).integer().unwrap().to_be_bytes(), widest);
    assert_eq!(Reader::new(&of_width(33)).integer(), Err(Error::IntegerTooWide));
}

proptest! {
    #[test]
    fn integers_compare_by_value(a: u64, b: u64, shift_a in 0..64, shift_b in 0..64) {
        let (a, b) = (a >> shift_a, b >> shift_b);
        let encoded = [a, b].map(|value| {
            let mut out = Vec::new();
            append_u64(&mut out, value);
            out
        });
        let [read_a, read_b] = encoded.each_ref().map(|bytes| Reader::new(bytes).integer().unwrap());
        prop_assert_eq!(read_a.to_u128(), Some(a.into()));
        prop_assert_eq!(read_a.cmp(&read_b), a.cmp(&b));
    }

    #[test]
    fn what_is_written_reads_back(string in prop::collection::vec(any::<u8>(), 0..300), value: u64) {
        let mut payload = Vec::new();
        append_string(&mut payload, &string);
        append_u64(&mut payload, value);
        let mut out = Vec::new();
        append_list_header(&mut out, payload.len());
        out.extend_from_slice(&payload);

        let mut list = Reader::new(&out).list().unwrap();
        prop_assert_eq!(list.string(), Ok(&string[..]));
        prop_assert_eq!(list.u64(), Ok(value));
        prop_assert_eq!(list.end(), Ok(()));
    }

    #[test]
    fn an_item_that_is_accepted_has_no_other_encoding(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut reader = Reader::new(&bytes);
        if let Ok(item) = reader.item() {
            let mut again = Vec::new();
            match item {
                Item::String(string) => append_string(&mut again, string),
                Item::List(items) => {
                    append_list_header(&mut again, items.rest().len());
                    again.extend_from_slice(items.rest());
                }
            }
            prop_assert_eq!(&bytes[..bytes.len() - reader.rest().len()], &again[..]);
        }
    }
}
