//! Records of segments and of archives: a block, a certificate or another part of a chain, behind a head with a checksum.

use std::io::{self, Read, Write};

use bytes::Bytes;
use xxhash_rust::xxh3::Xxh3;

/// What a head begins with.
const MAGIC: [u8; 4] = *b"CBR1";

/// Bytes of a head: magic, kind, three zeros, height, length, checksum.
pub const HEAD_BYTES: usize = 4 + 4 + 8 + 4 + 8;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A block.
    Block = 1,
    /// The certificate of the block of its height.
    Certificate = 2,
    /// Archives: the digest of the genesis's rules.
    Genesis = 3,
    /// Archives: the header of a height and its certificate, whose state follows.
    Snapshot = 4,
    /// Archives: leaves of the state, in the order of their paths.
    Leaves = 5,
    /// Archives: the end, with the number of records before it.
    End = 6,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Block, Self::Certificate, Self::Genesis, Self::Snapshot, Self::Leaves, Self::End];
}

/// The head of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What follows.
    pub kind: Kind,
    /// The height of the block.
    pub height: u64,
    /// Bytes that follow.
    pub length: u32,
    /// Of the head before it and of what follows, so that no bit of either can change unseen.
    pub checksum: u64,
}

impl Head {
    /// The head of some bytes.
    pub fn of(kind: Kind, height: u64, payload: &[u8]) -> Self {
        let head = Self { kind, height, length: payload.len() as u32, checksum: 0 };
        Self { checksum: head.checksum_with(payload), ..head }
    }

    /// Its bytes.
    pub fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..20].copy_from_slice(&self.fields());
        bytes[20..].copy_from_slice(&self.checksum.to_be_bytes());
        bytes
    }

    /// Reads a head; none where the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (fields, checksum) = bytes.get(..HEAD_BYTES)?.split_at(20);
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == fields[4])?;
        let height = u64::from_be_bytes(fields[8..16].try_into().ok()?);
        let length = u32::from_be_bytes(fields[16..20].try_into().ok()?);
        let head = Self { kind, height, length, checksum: u64::from_be_bytes(checksum.try_into().ok()?) };
        (head.fields() == fields).then_some(head)
    }

    /// Whether these are the bytes that follow.
    pub fn fits(&self, payload: &[u8]) -> bool {
        payload.len() == self.length as usize && self.checksum_with(payload) == self.checksum
    }

    fn fields(self) -> [u8; 20] {
        let mut fields = [0; 20];
        fields[..4].copy_from_slice(&MAGIC);
        fields[4] = self.kind as u8;
        fields[8..16].copy_from_slice(&self.height.to_be_bytes());
        fields[16..].copy_from_slice(&self.length.to_be_bytes());
        fields
    }

    fn checksum_with(&self, payload: &[u8]) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(&self.fields());
        hash.update(payload);
        hash.digest()
    }
}

/// Reads the record that comes next, of which no more than `room` bytes follow the head; none where no whole and right one does.
///
/// # Errors
/// Where the bytes cannot be read.
pub fn read(from: &mut impl Read, room: u64) -> io::Result<Option<(Head, Bytes)>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    from.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let Some(head) = Head::from_bytes(&head).filter(|head| u64::from(head.length) <= room) else { return Ok(None) };
    // What is promised is not what there is: memory is taken as the bytes come.
    let mut payload = Vec::with_capacity((head.length as usize).min(1 << 20));
    from.take(u64::from(head.length)).read_to_end(&mut payload)?;
    Ok(head.fits(&payload).then(|| (head, payload.into())))
}

/// Writes a record.
///
/// # Errors
/// Where the bytes cannot be written.
pub fn write(to: &mut impl Write, kind: Kind, height: u64, payload: &[u8]) -> io::Result<()> {
    to.write_all(&Head::of(kind, height, payload).to_bytes())?;
    to.write_all(payload)
}

/// Whether a whole record begins anywhere in some bytes.
pub fn is_any_in(bytes: &[u8]) -> bool {
    let starts = bytes.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC);
    starts.map(|(start, _)| &bytes[start..]).any(|bytes| {
        let payload = |head: &Head| bytes.get(HEAD_BYTES..)?.get(..head.length as usize);
        Head::from_bytes(bytes).is_some_and(|head| payload(&head).is_some_and(|payload| head.fits(payload)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bit_changes_unseen() {
        let head = Head::of(Kind::Block, 7, b"payload");
        let bytes = [&head.to_bytes()[..], b"payload"].concat();
        assert_eq!(Head::from_bytes(&bytes), Some(head));
        assert!(is_any_in(&[&b"xCBR1"[..], &bytes].concat()));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let fits = Head::from_bytes(&changed).is_some_and(|head| changed.get(HEAD_BYTES..).is_some_and(|payload| head.fits(payload)));
            assert!(!fits && !is_any_in(&changed), "{bit}");
        }
    }
}
