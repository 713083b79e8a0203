//! Writes transactions.

use super::{Body, Content, Refusal, VERSION};

impl Body<'_> {
    /// The bytes that are signed.
    ///
    /// # Errors
    /// The [`Refusal`] that reading them would give.
    pub fn signed_part(&self) -> Result<Vec<u8>, Refusal> {
        self.content.check()?;
        if self.sender[0] != 4 {
            return Err(Refusal::SenderForm(self.sender[0]));
        }
        let mut bytes = vec![VERSION, self.suite.byte()];
        bytes.extend(self.chain_id.to_be_bytes());
        bytes.extend(self.sender);
        bytes.extend(self.nonce.to_be_bytes());
        bytes.extend(self.valid_until.to_be_bytes());
        bytes.push(self.content.kind());
        self.content.write(&mut bytes);
        Ok(bytes)
    }

    /// The transaction with its signature.
    ///
    /// # Errors
    /// As [`Self::signed_part`].
    pub fn with_signature(&self, signature: &[u8; 64]) -> Result<Vec<u8>, Refusal> {
        let mut bytes = self.signed_part()?;
        bytes.extend(signature);
        if let Content::Record { payload, .. } = self.content {
            bytes.extend(payload);
        }
        Ok(bytes)
    }
}

impl Content<'_> {
    /// Writes what belongs to the kind. Lengths were checked, so that they fit.
    fn write(&self, bytes: &mut Vec<u8>) {
        match *self {
            Self::Transfer { to, amount } => {
                bytes.extend(to);
                bytes.extend(amount.to_be_bytes());
            }
            Self::Record { digest, media_type, payload } => {
                bytes.extend(digest);
                write_short(bytes, media_type.as_bytes());
                bytes.extend((payload.len() as u32).to_be_bytes());
            }
            Self::Put { key, value } => {
                write_short(bytes, key);
                bytes.extend((value.len() as u16).to_be_bytes());
                bytes.extend(value);
            }
            Self::Remove { key } => write_short(bytes, key),
            Self::Permit { account, may_send } => {
                bytes.extend(account);
                bytes.push(may_send.into());
            }
        }
    }
}

/// A string behind its length of one byte.
fn write_short(bytes: &mut Vec<u8>, string: &[u8]) {
    bytes.push(string.len() as u8);
    bytes.extend(string);
}
