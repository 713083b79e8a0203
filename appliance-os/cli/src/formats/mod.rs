//! The formats that `chainbox verify` reads. Each reader turns bytes into [`Entry`]s; none of them judges a signature.
//!
//! Malformed means that the container cannot be read: not JSON, not hex, an unknown scheme. Whatever stands in a key, a signature or a
//! transaction is passed on and gets a verdict.

pub mod detect;
mod entry;
pub mod eth_tx;
mod hex_text;
pub mod jsonl;
pub mod wycheproof;
pub mod x509;

pub use entry::{Content, Entry, Expected, Facts, Label, Refusal, ToRecover};

/// The longest line in bytes. A longer one is malformed and is skipped without being held.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// The largest file in bytes of a format that is read as a whole (wycheproof, x509).
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;

/// The id of SM2 signers where a file names none, as where a request names none.
pub use chainbox_api::convert::SM2_DEFAULT_ID;

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line of JSON an item: scheme, key, message or digest, signature
    Jsonl,
    /// A raw signed Ethereum transaction in hex a line, or CSV with the header raw,sender,hash
    EthTx,
    /// A Wycheproof file of ECDSA on secp256k1 or P-256 with SHA-256, or one of the same form for SM2
    Wycheproof,
    /// A PEM bundle of certificates, each checked against the issuers in the bundle
    X509,
}

impl Format {
    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::EthTx => "eth-tx",
            Self::Wycheproof => "wycheproof",
            Self::X509 => "x509",
        }
    }
}
