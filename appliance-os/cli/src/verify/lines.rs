//! Lines in blocks.

use std::io::{self, BufRead, BufReader, Read};

use crate::formats::LINE_BYTES_MAX;

/// How many bytes are asked for at once.
const READ_BYTES: usize = 256 << 10;

/// A block is handed on once it holds this many bytes; a line that is longer goes with it.
const BLOCK_BYTES: usize = 256 << 10;

/// Some lines, one after the other.
#[derive(Debug, Default)]
pub struct Block {
    text: Vec<u8>,
    lines: Vec<Span>,
    first_number: u64,
    /// Bytes of the input that it stands for, those of lines that were skipped included.
    pub input_bytes: u64,
}

#[derive(Debug)]
struct Span {
    end: usize,
    too_long: bool,
}

/// One line: its number from 1 and its bytes without the end of line, or `None` where it is above [`LINE_BYTES_MAX`].
pub type Line<'a> = (u64, Option<&'a [u8]>);

impl Block {
    /// Whether there is no line: the end of the input.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The number of lines.
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// The bytes that it holds.
    pub const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The lines in order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut start = 0;
        self.lines.iter().zip(self.first_number..).map(move |(span, number)| {
            let line = &self.text[start..span.end];
            start = span.end;
            (number, (!span.too_long).then_some(line))
        })
    }
}

/// Reads blocks of lines.
pub struct LineReader<R> {
    reader: BufReader<R>,
    next_number: u64,
    /// What ended the block before: told once its lines are gone.
    failed: Option<io::Error>,
}

impl<R: Read> LineReader<R> {
    pub fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(READ_BYTES, reader), next_number: 1, failed: None }
    }

    /// The lines that are there, up to [`BLOCK_BYTES`]; waits for one at least. An empty block is the end.
    ///
    /// # Errors
    /// What the input answers, after the lines before it were given.
    pub fn read_block(&mut self) -> io::Result<Block> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut block = Block { first_number: self.next_number, ..Block::default() };
        loop {
            match self.read_line(&mut block) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if block.is_empty() => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
            if self.reader.buffer().is_empty() || block.bytes() >= BLOCK_BYTES || block.len() >= BLOCK_BYTES {
                break;
            }
        }
        self.next_number += block.len() as u64;
        Ok(block)
    }

    /// Appends one line; false at the end of the input.
    fn read_line(&mut self, block: &mut Block) -> io::Result<bool> {
        let start = block.text.len();
        let limit = LINE_BYTES_MAX + 1;
        let read = match self.reader.by_ref().take(limit as u64).read_until(b'\n', &mut block.text) {
            Ok(0) => return Ok(false),
            Ok(read) => read,
            Err(error) => {
                block.text.truncate(start);
                return Err(error);
            }
        };
        block.input_bytes += read as u64;
        let too_long = read == limit && block.text.last() != Some(&b'\n');
        if too_long {
            block.text.truncate(start);
            block.input_bytes += self.reader.skip_until(b'\n')? as u64;
        }
        block.lines.push(Span { end: block.text.len(), too_long });
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(reader: impl Read) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut reader = LineReader::new(reader);
        let mut all = Vec::new();
        loop {
            let block = reader.read_block().unwrap();
            if block.is_empty() {
                return all;
            }
            all.extend(block.lines().map(|(number, line)| (number, line.map(|line| line.trim_ascii_end().to_vec()))));
        }
    }

    #[test]
    fn lines_have_numbers_with_and_without_a_last_end() {
        let expected = [(1, Some(b"a".to_vec())), (2, Some(vec![])), (3, Some(b"b".to_vec()))];
        assert_eq!(read_all(&b"a\r\n\nb"[..]), expected);
        assert_eq!(read_all(&b"a\n\nb\n"[..]), expected);
        assert_eq!(read_all(&b""[..]), []);
    }

    #[test]
    fn blocks_are_bounded_and_lose_nothing() {
        let text: String = (0..100_000).map(|number| format!("{number}\n")).collect();
        let mut reader = LineReader::new(text.as_bytes());
        let mut blocks = 0;
        let mut next = 0;
        loop {
            let block = reader.read_block().unwrap();
            if block.is_empty() {
                break;
            }
            blocks += 1;
            assert!(block.bytes() <= BLOCK_BYTES + 10);
            for (number, line) in block.lines() {
                assert_eq!(line.unwrap(), format!("{next}\n").as_bytes());
                next += 1;
                assert_eq!(number, next);
            }
        }
        assert_eq!(next, 100_000);
        assert!(blocks > 1);
    }

    #[test]
    fn a_line_above_the_limit_is_skipped_and_the_next_one_is_not() {
        let at_limit = vec![b'x'; LINE_BYTES_MAX];
        let above = vec![b'x'; 2 * LINE_BYTES_MAX];
        let text = [&at_limit[..], b"\n", &above[..], b"\nafter"].concat();
        let lines = read_all(&text[..]);
        assert_eq!(lines, [(1, Some(at_limit)), (2, None), (3, Some(b"after".to_vec()))]);
    }

    #[test]
    fn lines_before_a_fault_are_given_first() {
        struct Fault;
        impl Read for Fault {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let mut reader = LineReader::new((&b"a\nb"[..]).chain(Fault));
        assert_eq!(reader.read_block().unwrap().lines().collect::<Vec<_>>(), [(1, Some(&b"a\n"[..]))]);
        assert_eq!(reader.read_block().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}
