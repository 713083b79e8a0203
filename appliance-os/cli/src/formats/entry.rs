//! What every format is read into.

use chainbox_engine::{batch::OwnedItem, hash::Digest, verdict::Reason};

use super::x509::CertificateReason;

/// The longest message about a malformed entry, in characters: it may quote what it found.
const MESSAGE_CHARS_MAX: usize = 400;

/// One item of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What the file calls it, beyond its line.
    pub label: Option<Label>,
    /// What the file expects of it.
    pub expected: Option<Expected>,
    /// What is known of it as a transaction; `None` where the format has none.
    pub facts: Option<Facts>,
    /// What there is to verify.
    pub content: Content,
}

impl Entry {
    /// An entry with nothing but its content.
    #[must_use]
    pub const fn new(line: u64, content: Content) -> Self {
        Self { line, label: None, expected: None, facts: None, content }
    }

    /// An entry that cannot be read; the message says what was expected.
    #[must_use]
    pub fn malformed(line: u64, message: impl Into<String>) -> Self {
        Self::new(line, Content::malformed(message))
    }
}

/// What the file calls an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// The `tcId` of a test.
    Test(u64),
    /// The names in a certificate.
    Certificate {
        /// Whom it is for.
        subject: String,
        /// Who signed it.
        issuer: String,
    },
}

/// What the file expects of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This verdict and, where it is told, this reason.
    Verdict {
        /// Whether it is valid.
        valid: bool,
        /// Why it is not.
        reason: Option<Reason>,
    },
    /// Wycheproof's `acceptable`: either verdict is as expected.
    Either,
    /// A valid transaction with this sender and hash, where they are told.
    Transaction {
        /// The recovered address.
        sender: Option<[u8; 20]>,
        /// The transaction's hash.
        hash: Option<Digest>,
    },
}

/// What is known of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its hash, where the bytes are a transaction.
    pub hash: Option<Digest>,
    /// Its sender, where it is valid.
    pub sender: Option<[u8; 20]>,
}

/// What there is to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A signature.
    Signature(OwnedItem),
    /// Signatures of which one must be valid. Where none is, the reason is that of the one that passed most checks.
    AnyOf(Vec<OwnedItem>),
    /// A transaction that needs nothing more than the recovery of its sender.
    Transaction(ToRecover),
    /// Not valid for a reason that needs no curve arithmetic.
    Refused(Refusal),
    /// Not readable; what was expected.
    Malformed(String),
}

impl Content {
    /// What cannot be read, with what was expected.
    #[must_use]
    pub fn malformed(message: impl Into<String>) -> Self {
        let mut message = message.into();
        if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS_MAX) {
            message.truncate(end);
            message.push_str(" ...");
        }
        Self::Malformed(message)
    }
}

/// A digest and the signature over it, r||s||parity of y(R), whose signer is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToRecover {
    /// What was signed.
    pub digest: Digest,
    /// r||s||parity.
    pub signature: [u8; 65],
}

/// Why an entry is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// What the certificate says of itself, before any signature is looked at.
    Certificate(CertificateReason),
    /// What the engine found.
    Item(Reason),
}

impl Refusal {
    /// The name that programs read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certificate(reason) => reason.name(),
            Self::Item(reason) => reason.name(),
        }
    }

    /// The text that people read.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Certificate(reason) => reason.text(),
            Self::Item(reason) => reason.text(),
        }
    }
}
