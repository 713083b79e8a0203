//! SM4 with session keys: ECB, CBC, and a MAC by CBC (GM/T 0018-2012, 6.5). Data are whole blocks: padding is the caller's.

use cbc::{
    Decryptor, Encryptor,
    cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit},
};
use chainbox_hsm::sdf::Code;
use sm4::Sm4;
use zeroize::Zeroizing;

use crate::session;

/// A block, and a key: 16 bytes.
pub(crate) type Block = [u8; BLOCK_BYTES];

pub(crate) const BLOCK_BYTES: usize = 16;

/// Bits of a session key.
pub(crate) const KEY_BITS: u32 = 128;

/// The most bytes of one call.
pub(crate) const DATA_BYTES_MAX: usize = 1 << 26;

/// A key of SM4, expanded; it is zeroized when it is dropped.
pub(crate) struct SessionKey(Sm4);

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Encrypt,
    Decrypt,
}

impl SessionKey {
    pub(crate) fn new(key: &Block) -> Self {
        Self(Sm4::new(key.into()))
    }

    /// A key from the system's source of randomness, and its bytes for whom it is encrypted.
    pub(crate) fn generate() -> Result<(Self, Zeroizing<Block>), Code> {
        let mut key = Zeroizing::new([0; BLOCK_BYTES]);
        session::random(&mut key[..])?;
        Ok((Self::new(&key), key))
    }

    /// ECB of whole blocks.
    pub(crate) fn ecb(&self, direction: Direction, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Code> {
        let mut output = copy(data)?;
        let (blocks, _) = Array::slice_as_chunks_mut(&mut output);
        match direction {
            Direction::Encrypt => self.0.encrypt_blocks(blocks),
            Direction::Decrypt => self.0.decrypt_blocks(blocks),
        }
        Ok(output)
    }

    /// CBC of whole blocks; the vector becomes that of what may follow.
    pub(crate) fn cbc(&self, direction: Direction, vector: &mut Block, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Code> {
        let mut output = copy(data)?;
        let (blocks, _) = Array::slice_as_chunks_mut(&mut output);
        let start = Array::from(*vector);
        match direction {
            Direction::Encrypt => Encryptor::inner_iv_init(self.0.clone(), &start).encrypt_blocks(blocks),
            Direction::Decrypt => Decryptor::inner_iv_init(self.0.clone(), &start).decrypt_blocks(blocks),
        }
        let ciphertext = if direction == Direction::Encrypt { &output[..] } else { data };
        if let Some(last) = ciphertext.last_chunk() {
            *vector = *last;
        }
        Ok(output)
    }

    /// The last block of CBC.
    pub(crate) fn mac(&self, vector: &Block, data: &[u8]) -> Result<Block, Code> {
        let mut last = *vector;
        self.cbc(Direction::Encrypt, &mut last, data)?;
        Ok(last)
    }
}

fn copy(data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Code> {
    if data.is_empty() || !data.len().is_multiple_of(BLOCK_BYTES) { Err(Code::INPUT) } else { Ok(Zeroizing::new(data.to_vec())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GB/T 32907-2016, A.1: key and plaintext are the same.
    const KEY: Block = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10];
    const ENCRYPTED: Block = [0x68, 0x1e, 0xdf, 0x34, 0xd2, 0x06, 0x96, 0x5e, 0x86, 0xb3, 0xe9, 0x4f, 0x53, 0x6e, 0x42, 0x46];

    #[test]
    fn the_standards_example() {
        let key = SessionKey::new(&KEY);
        assert_eq!(key.ecb(Direction::Encrypt, &KEY).unwrap()[..], ENCRYPTED);
        assert_eq!(key.ecb(Direction::Decrypt, &ENCRYPTED).unwrap()[..], KEY);
    }

    #[test]
    fn cbc_goes_on_where_it_ended() {
        let key = SessionKey::new(&KEY);
        let data: Vec<u8> = (0..96).collect();
        let whole = key.cbc(Direction::Encrypt, &mut KEY.clone(), &data).unwrap();
        for direction in [Direction::Encrypt, Direction::Decrypt] {
            let (from, to) = if direction == Direction::Encrypt { (&data, &*whole) } else { (&*whole, &data) };
            let mut vector = KEY;
            let (first, second) = from.split_at(32);
            let parts = [key.cbc(direction, &mut vector, first).unwrap(), key.cbc(direction, &mut vector, second).unwrap()]
                .map(|part| part.to_vec());
            assert_eq!(parts.concat(), *to, "{direction:?}");
            assert_eq!(vector[..], whole[80..], "{direction:?}");
        }
        assert_eq!(key.mac(&KEY, &data).unwrap()[..], whole[80..]);
    }

    #[test]
    fn data_are_whole_blocks() {
        let key = SessionKey::new(&KEY);
        for length in [0, 1, 15, 17, 31] {
            let data = vec![0; length];
            assert_eq!(key.ecb(Direction::Encrypt, &data).err(), Some(Code::INPUT));
            assert_eq!(key.cbc(Direction::Decrypt, &mut KEY.clone(), &data).err(), Some(Code::INPUT));
            assert_eq!(key.mac(&KEY, &data).err(), Some(Code::INPUT));
        }
    }
}
