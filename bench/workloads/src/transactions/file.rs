//! Load in a file, so that it is signed once.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

use super::{LoadItem, LoadSpec, Maker};

/// What a file begins with.
const MAGIC: &[u8; 8] = b"CBLOAD01";

/// Transactions that are signed and written together.
const TOGETHER: u64 = 1 << 14;

/// The longest item that is read.
const ITEM_BYTES_MAX: u32 = 2 << 20;

/// Why there is no load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be used.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It holds something else.
    #[error("it holds other transactions than are wanted, or none: name another file, or remove it")]
    Other,
}

fn header(spec: &LoadSpec) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(spec.suite.byte());
    bytes.extend(spec.chain_id.to_be_bytes());
    bytes.extend(spec.seed.to_be_bytes());
    bytes.extend(spec.senders.to_be_bytes());
    bytes.extend(spec.count.to_be_bytes());
    let mut name = [0; 16];
    name[..spec.load.name().len()].copy_from_slice(spec.load.name().as_bytes());
    bytes.extend(name);
    bytes
}

/// Writes the transactions of a spec. `progress` is told how many are written.
///
/// # Errors
/// [`LoadError::Io`].
pub fn write(path: &Path, maker: &Maker, progress: &mut dyn FnMut(u64)) -> Result<(), LoadError> {
    let spec = &maker.spec;
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(&header(spec))?;
    let mut first = 0;
    while first < spec.count {
        let end = (first + TOGETHER).min(spec.count);
        for item in maker.make(first..end) {
            file.write_all(&(item.raw.len() as u32).to_be_bytes())?;
            file.write_all(&[u8::from(item.is_valid)])?;
            file.write_all(&item.raw)?;
        }
        first = end;
        progress(first);
    }
    file.flush()?;
    Ok(())
}

/// A file of load that is read.
pub struct LoadFile {
    file: BufReader<File>,
    left: u64,
}

impl LoadFile {
    /// Opens a file that must hold the transactions of a spec.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn open(path: &Path, spec: &LoadSpec) -> Result<Self, LoadError> {
        let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
        let wanted = header(spec);
        let mut found = vec![0; wanted.len()];
        if file.read_exact(&mut found).is_err() || found != wanted {
            return Err(LoadError::Other);
        }
        Ok(Self { file, left: spec.count })
    }

    /// The next transactions, so many at most; none at the end.
    ///
    /// # Errors
    /// [`LoadError`] where the file ends too early.
    pub fn next(&mut self, count: usize) -> Result<Vec<LoadItem>, LoadError> {
        let count = self.left.min(count as u64);
        let items = (0..count).map(|_| {
            let mut head = [0; 5];
            self.file.read_exact(&mut head)?;
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
            if length > ITEM_BYTES_MAX {
                return Err(LoadError::Other);
            }
            let mut raw = vec![0; length as usize];
            self.file.read_exact(&mut raw)?;
            Ok(LoadItem { raw, is_valid: head[4] == 1 })
        });
        let items = items.collect::<Result<Vec<_>, LoadError>>()?;
        self.left -= count;
        Ok(items)
    }
}
