//! Digests, addresses and keys as people and programs write them: lower-case hex, read with or without `0x`.

/// Text that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Not hex.
    #[error("{0:?} is not hex")]
    NotHex(String),
    /// Of another length.
    #[error("{text:?} has {found} bytes and not {wanted}")]
    Length {
        /// The text.
        text: String,
        /// Its bytes.
        found: usize,
        /// The bytes that it should have.
        wanted: usize,
    },
}

/// The longest text that an error repeats, in characters.
const SHOWN_MAX: usize = 80;

/// Bytes from hex.
///
/// # Errors
/// [`TextError`] where it is none.
pub fn bytes(text: &str) -> Result<Vec<u8>, TextError> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|_| TextError::NotHex(shown(text)))
}

/// So many bytes from hex.
///
/// # Errors
/// [`TextError`] where they are none.
pub fn array<const N: usize>(text: &str) -> Result<[u8; N], TextError> {
    let bytes = bytes(text)?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| TextError::Length { text: shown(text), found, wanted: N })
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}

/// Bytes as hex, for serde.
pub mod hexed {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes hex.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    /// Reads hex.
    ///
    /// # Errors
    /// Where it is none, or of another length.
    pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(deserializer: D) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = super::bytes(&text).map_err(Error::custom)?;
        let length = bytes.len();
        bytes.try_into().map_err(|_| Error::custom(format!("{length} bytes are not as many as there should be")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_with_and_without_its_prefix() {
        assert_eq!(array("0x0aFF"), Ok([10, 255]));
        assert_eq!(array("0aff"), Ok([10, 255]));
        assert_eq!(array::<2>("0aff00").unwrap_err().to_string(), "\"0aff00\" has 3 bytes and not 2");
        assert_eq!(bytes("0xg0").unwrap_err().to_string(), "\"0xg0\" is not hex");
    }
}
