//! Digests: SHA-256, Keccak-256 and SM3.

mod keccak256;
mod merkle_damgard;
mod sha256;
mod side_by_side;
mod sm3;

pub use keccak256::keccak256;
pub use sha256::{Sha256, sha256};
pub use sm3::{Sm3, sm3};

/// A 32-byte digest.
pub type Digest = [u8; 32];

/// A message of two strings in a row, either of which may be empty.
pub type Message<'a> = [&'a [u8]; 2];

/// A hash function with a 32-byte digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hash {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// Keccak-256 with the original padding, as Ethereum uses it; not SHA3-256.
    Keccak256,
    /// SM3 (GB/T 32905-2016).
    Sm3,
}

impl Hash {
    /// Every hash function.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Keccak256, Self::Sm3];

    /// The name used in files, JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Keccak256 => "keccak256",
            Self::Sm3 => "sm3",
        }
    }

    /// The digest of one message.
    #[must_use]
    pub fn digest(self, message: &[u8]) -> Digest {
        match self {
            Self::Sha256 => sha256(message),
            Self::Keccak256 => keccak256(message),
            Self::Sm3 => sm3(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(digest: Digest) -> String {
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn known_digests_of_abc() {
        assert_eq!(hex(sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hex(sm3(b"abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        assert_eq!(hex(keccak256(b"")), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        assert_eq!(hex(keccak256(b"abc")), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    }

    /// The message in one part and in two, cut at every place around the edges of blocks.
    #[test]
    fn parts_do_not_matter() {
        let message: Vec<u8> = (0..200u8).collect();
        for cut in 0..message.len() {
            let (mut hash, mut other) = (Sm3::new(), Sha256::new());
            for part in [&message[..cut], &message[cut..]] {
                hash.update(part);
                other.update(part);
            }
            assert_eq!((hash.finish(), other.finish()), (sm3(&message), sha256(&message)));
        }
    }
}
