//! A column of byte strings of any lengths, stored without gaps.

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
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.data[start..self.ends[index] as usize]
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
}
