//! Opening the input and looking at its beginning.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
};

use crate::{
    error::Error,
    formats::{
        DOCUMENT_BYTES_MAX, Format,
        detect::{self, HEAD_BYTES_MAX, Told},
        eth_tx::Columns,
    },
};

/// The name of standard input on the command line.
pub const STDIN: &str = "-";

/// How many bytes are asked for at once while the beginning is read.
const HEAD_STEP_BYTES: usize = 16 << 10;

/// Marks UTF-8 at the beginning of a text; some editors write it.
const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

type Reader = Box<dyn Read + Send>;

/// The input, and as much of its beginning as was looked at.
pub struct Source {
    name: String,
    is_stdin: bool,
    bytes: Option<u64>,
    head: Vec<u8>,
    rest: Reader,
    at_end: bool,
}

impl Source {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// [`Error`] that names the file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path == Path::new(STDIN) {
            return Ok(Self::new("stdin".to_owned(), true, None, Box::new(io::stdin())));
        }
        let failed = |error: io::Error| Error::io("read", path.display(), &error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(Error::new(format!("cannot read {}: it is a folder; name a file in it", path.display())));
        }
        let bytes = metadata.is_file().then_some(metadata.len());
        Ok(Self::new(path.display().to_string(), false, bytes, Box::new(file)))
    }

    fn new(name: String, is_stdin: bool, bytes: Option<u64>, rest: Reader) -> Self {
        Self { name, is_stdin, bytes, head: Vec::new(), rest, at_end: false }
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is standard input.
    pub const fn is_stdin(&self) -> bool {
        self.is_stdin
    }

    /// Its length, where it is a file that has one.
    pub const fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// Tells the format by the content. `None` for an input in which every line is blank.
    ///
    /// # Errors
    /// [`Error`] where the content says nothing or cannot be read.
    pub fn detect(&mut self) -> Result<Option<Format>, Error> {
        self.read_first_line()?;
        let Some((line, complete)) = self.first_line() else { return Ok(None) };
        let told = detect::by_line(line, complete);
        if !matches!(told, Told::Format(_)) {
            while self.head.len() < HEAD_BYTES_MAX && self.read_more()? {}
        }
        detect::by_head(&self.head, told).map(Some).map_err(|message| Error::new(format!("{}: {message}", self.name)))
    }

    /// The columns of an eth-tx file, and the line of their header where it has one.
    ///
    /// # Errors
    /// [`Error`] where the header is not the one expected, or the beginning cannot be read.
    pub fn columns(&mut self) -> Result<(Columns, Option<u64>), Error> {
        self.read_first_line()?;
        let header = self.first_line().and_then(|(line, _)| std::str::from_utf8(line).ok()).and_then(Columns::from_header);
        match header {
            None => Ok((Columns::RAW_ONLY, None)),
            Some(columns) => {
                let line = self.first_line_number();
                let columns = columns.map_err(|message| Error::new(format!("{}:{line}: {message}", self.name)))?;
                Ok((columns, Some(line)))
            }
        }
    }

    /// The input from its first byte on, without a byte order mark.
    pub fn into_reader(mut self) -> io::Result<Reader> {
        while self.head.len() < UTF8_BOM.len() && self.read_step()? {}
        if self.head.starts_with(UTF8_BOM) {
            self.head.drain(..UTF8_BOM.len());
        }
        Ok(Box::new(Cursor::new(self.head).chain(self.rest)))
    }

    /// The whole input.
    ///
    /// # Errors
    /// [`Error`] where it cannot be read or is above [`DOCUMENT_BYTES_MAX`].
    pub fn into_document(self) -> Result<Vec<u8>, Error> {
        let name = self.name.clone();
        let mut document = Vec::new();
        self.into_reader()
            .and_then(|reader| reader.take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut document))
            .map_err(|error| Error::io("read", &name, &error))?;
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(Error::new(format!(
                "{name}: a file of this format is read as a whole and has at most {} MiB: split it",
                DOCUMENT_BYTES_MAX >> 20
            )));
        }
        Ok(document)
    }

    /// Reads on until the first line that is not blank is there, or the limit or the end is met.
    fn read_first_line(&mut self) -> Result<(), Error> {
        while self.head.len() < HEAD_BYTES_MAX && !self.first_line().is_some_and(|(_, complete)| complete) && self.read_more()? {}
        Ok(())
    }

    fn read_more(&mut self) -> Result<bool, Error> {
        self.read_step().map_err(|error| Error::io("read", &self.name, &error))
    }

    /// Reads some more of the beginning; false at the end.
    fn read_step(&mut self) -> io::Result<bool> {
        let known = self.head.len();
        self.head.resize(known + HEAD_STEP_BYTES, 0);
        let read = loop {
            match self.rest.read(&mut self.head[known..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.head.truncate(known + *read.as_ref().unwrap_or(&0));
        self.at_end = read? == 0;
        Ok(!self.at_end)
    }

    /// The first line that is not blank, trimmed, and whether its end is known.
    fn first_line(&self) -> Option<(&[u8], bool)> {
        let text = self.head.strip_prefix(UTF8_BOM).unwrap_or(&self.head).trim_ascii_start();
        if text.is_empty() {
            return None;
        }
        let end = text.iter().position(|byte| *byte == b'\n');
        Some((text[..end.unwrap_or(text.len())].trim_ascii_end(), end.is_some() || self.at_end))
    }

    fn first_line_number(&self) -> u64 {
        let blank = self.head.iter().take_while(|byte| byte.is_ascii_whitespace() || UTF8_BOM.contains(byte));
        1 + blank.filter(|byte| **byte == b'\n').count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(content: &'static [u8]) -> Source {
        Source::new("test".to_owned(), false, None, Box::new(content))
    }

    #[test]
    fn looking_at_the_beginning_loses_nothing() {
        let mut source = source(b"\xef\xbb\xbf\n \n{\"scheme\":1}\nmore");
        assert_eq!(source.detect().unwrap(), Some(Format::Jsonl));
        let mut rest = String::new();
        source.into_reader().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "\n \n{\"scheme\":1}\nmore");
    }

    #[test]
    fn an_input_of_blanks_has_no_format() {
        assert_eq!(source(b"").detect().unwrap(), None);
        assert_eq!(source(b" \r\n\n").detect().unwrap(), None);
    }

    #[test]
    fn the_header_has_its_line() {
        assert_eq!(source(b"\nraw\n00\n").columns().unwrap(), (Columns::RAW_ONLY, Some(2)));
        assert_eq!(source(b"00\n").columns().unwrap(), (Columns::RAW_ONLY, None));
        assert!(source(b"\n\nraw,x\n").columns().unwrap_err().to_string().starts_with("test:3: the header"));
    }

    #[test]
    fn a_document_has_a_limit() {
        let endless = Source::new("test".to_owned(), false, None, Box::new(io::repeat(b' ')));
        assert!(endless.into_document().unwrap_err().to_string().contains("at most 16 MiB: split it"));
    }
}
