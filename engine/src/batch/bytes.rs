//! A column of byte strings of any lengths, stored without gaps.

use std::ops::Range;

/// A column of byte strings: their bytes one after the other, and where each ends.
///
/// A device takes both parts as they are. The bytes of one column are at most 2^32 - 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByteColumn {
    data: Vec<u8>,
    ends: Vec<u32>,
}

/// A column would hold more than 2^32 - 1 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a column holds at most 4,294,967,295 bytes: start another batch")]
pub struct ColumnFull;

/// The parts of a column do not fit one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// The lengths are not those of the data.
    #[error("its lengths add up to {sum} and its data has {bytes} bytes")]
    Lengths {
        /// The bytes of the data.
        bytes: usize,
        /// What the lengths add up to.
        sum: u64,
    },
    /// The data is not made of strings of the width.
    #[error("its data of {bytes} bytes is not made of strings of {width} bytes")]
    Width {
        /// The bytes of the data.
        bytes: usize,
        /// The length of each string.
        width: u32,
    },
    /// There is more data than a column holds.
    #[error(transparent)]
    Full(#[from] ColumnFull),
}

impl ByteColumn {
    /// An empty column.
    #[must_use]
    pub const fn new() -> Self {
        Self { data: Vec::new(), ends: Vec::new() }
    }

    /// An empty column with room for `items` strings of `bytes` in all.
    #[must_use]
    pub fn with_capacity(items: usize, bytes: usize) -> Self {
        Self { data: Vec::with_capacity(bytes), ends: Vec::with_capacity(items) }
    }

    /// A column of the strings that stand one after the other in `data`, each as long as `lengths` says.
    ///
    /// # Errors
    /// [`ColumnError`] where the lengths are not those of `data`.
    pub fn from_lengths(data: Vec<u8>, lengths: &[u32]) -> Result<Self, ColumnError> {
        u32::try_from(data.len()).map_err(|_| ColumnFull)?;
        let mut ends = Vec::with_capacity(lengths.len());
        let mut end = 0_u32;
        let mut is_whole = true;
        for &length in lengths {
            let (next, overflows) = end.overflowing_add(length);
            is_whole &= !overflows;
            end = next;
            ends.push(end);
        }
        if !is_whole || end as usize != data.len() {
            return Err(ColumnError::Lengths { bytes: data.len(), sum: lengths.iter().map(|&length| u64::from(length)).sum() });
        }
        Ok(Self { data, ends })
    }

    /// A column of the strings of `width` bytes that stand one after the other in `data`.
    ///
    /// # Errors
    /// [`ColumnError`] where `data` does not end with a whole string.
    pub fn from_width(data: Vec<u8>, width: u32) -> Result<Self, ColumnError> {
        let end = u32::try_from(data.len()).map_err(|_| ColumnFull)?;
        if width == 0 || !end.is_multiple_of(width) {
            return Err(ColumnError::Width { bytes: data.len(), width });
        }
        Ok(Self { data, ends: (1..=end / width).map(|index| index * width).collect() })
    }

    /// A column of `strings` empty strings.
    #[must_use]
    pub fn of_empty_strings(strings: usize) -> Self {
        Self { data: Vec::new(), ends: vec![0; strings] }
    }

    /// Appends one string.
    ///
    /// # Errors
    /// [`ColumnFull`]; the column is then unchanged.
    pub fn push(&mut self, string: &[u8]) -> Result<(), ColumnFull> {
        let end = self.check_room(string.len())?;
        self.data.extend_from_slice(string);
        self.ends.push(end);
        Ok(())
    }

    /// Appends strings of another column.
    ///
    /// # Errors
    /// [`ColumnFull`]; the column is then unchanged.
    ///
    /// # Panics
    /// Where the range goes beyond the other column.
    pub fn extend_from(&mut self, other: &Self, range: Range<usize>) -> Result<(), ColumnFull> {
        let (start, end) = (other.start(range.start), other.start(range.end));
        self.check_room((end - start) as usize)?;
        // `wrapping`, since the strings may move to a lower place; the sum is in range, as was just checked.
        let shift = (self.data.len() as u32).wrapping_sub(start);
        self.data.extend_from_slice(&other.data[start as usize..end as usize]);
        self.ends.extend(other.ends[range].iter().map(|end| end.wrapping_add(shift)));
        Ok(())
    }

    /// Where string `index` begins; for `index` = [`Self::len`] where the last one ends.
    fn start(&self, index: usize) -> u32 {
        if index == 0 { 0 } else { self.ends[index - 1] }
    }

    /// Where the column would end with `bytes` more, or [`ColumnFull`].
    pub(super) fn check_room(&self, bytes: usize) -> Result<u32, ColumnFull> {
        u32::try_from(self.data.len() + bytes).map_err(|_| ColumnFull)
    }

    /// The number of strings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no string.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// String `index`.
    ///
    /// # Panics
    /// Where `index` is not below [`Self::len`].
    #[must_use]
    pub fn get(&self, index: usize) -> &[u8] {
        &self.data[self.start(index) as usize..self.ends[index] as usize]
    }

    /// The strings in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// The bytes of all strings, one after the other.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Where each string ends in [`Self::data`].
    #[must_use]
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back() {
        let strings: [&[u8]; 4] = [b"", b"ab", b"", b"c"];
        let mut column = ByteColumn::new();
        for string in strings {
            column.push(string).unwrap();
        }
        assert!(column.iter().eq(strings));
        assert_eq!(column.data(), b"abc");
        assert_eq!(column.ends(), [0, 2, 2, 3]);
    }

    fn column(strings: &[&[u8]]) -> ByteColumn {
        let mut column = ByteColumn::new();
        strings.iter().for_each(|string| column.push(string).unwrap());
        column
    }

    #[test]
    fn columns_are_made_of_their_parts() {
        assert_eq!(ByteColumn::from_lengths(b"abc".to_vec(), &[0, 2, 0, 1]), Ok(column(&[b"", b"ab", b"", b"c"])));
        assert_eq!(ByteColumn::from_lengths(Vec::new(), &[]), Ok(ByteColumn::new()));
        assert_eq!(ByteColumn::from_width(b"abcd".to_vec(), 2), Ok(column(&[b"ab", b"cd"])));
        assert_eq!(ByteColumn::from_width(Vec::new(), 2), Ok(ByteColumn::new()));
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert_eq!(ByteColumn::from_lengths(b"abc".to_vec(), &[2]), Err(ColumnError::Lengths { bytes: 3, sum: 2 }));
        // The sum is 3 modulo 2^32.
        let lengths = [u32::MAX, 4];
        assert_eq!(ByteColumn::from_lengths(b"abc".to_vec(), &lengths), Err(ColumnError::Lengths { bytes: 3, sum: (1 << 32) + 3 }));
        assert_eq!(ByteColumn::from_width(b"abc".to_vec(), 2), Err(ColumnError::Width { bytes: 3, width: 2 }));
        assert_eq!(ByteColumn::from_width(b"abc".to_vec(), 0), Err(ColumnError::Width { bytes: 3, width: 0 }));
    }

    #[test]
    fn a_column_takes_strings_of_another() {
        let other = column(&[b"a", b"", b"bcd", b"e"]);
        let mut taken = column(&[b"xyzuvw"]);
        taken.extend_from(&other, 1..3).unwrap();
        taken.extend_from(&other, 0..0).unwrap();
        assert_eq!(taken, column(&[b"xyzuvw", b"", b"bcd"]));
        let mut lower = ByteColumn::new();
        lower.extend_from(&taken, 1..3).unwrap();
        assert_eq!(lower, column(&[b"", b"bcd"]));
    }
}
