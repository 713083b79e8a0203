//! What is to be signed, off the command line.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use chainbox_engine::hash::Digest;
use chainbox_hsm::{Payload, payload::Step};

use crate::error::Error;

/// The size of a file that is to be signed.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// What is to be signed. Heads of the audit log are signed by the log itself.
#[derive(clap::Subcommand, Debug)]
pub(super) enum Kind {
    /// A vote of a validator
    Vote {
        #[command(flatten)]
        place: Place,
        /// The step: prevote or precommit
        #[arg(long, value_name = "STEP", value_parser = step)]
        step: Step,
        /// The id of the block in hex, or nil for a vote for no block
        #[arg(long, value_name = "HEX", value_parser = block)]
        block: Block,
    },
    /// A block that a validator proposes
    Block {
        #[command(flatten)]
        place: Place,
        /// The block's id in hex
        #[arg(long, value_name = "HEX", value_parser = digest)]
        block: Digest,
    },
    /// The signed part of a transaction, in its chain's own encoding
    Transaction {
        /// The file, or - for standard input
        file: PathBuf,
    },
    /// What the CertificateVerify message of TLS 1.3 signs
    Tls {
        /// The file, or - for standard input
        file: PathBuf,
    },
    /// A digest made by somebody else; only keys marked so sign one
    Opaque {
        /// 32 bytes in hex
        #[arg(value_parser = digest)]
        digest: Digest,
    },
}

/// Where a vote or a block stands.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Place {
    /// The chain's id
    #[arg(long, value_name = "ID")]
    chain: String,
    /// The height
    #[arg(long, value_name = "NUMBER")]
    height: u64,
    /// The round of that height
    #[arg(long, value_name = "NUMBER")]
    round: u32,
}

/// The block of a vote.
#[derive(Clone, Debug)]
pub(super) struct Block(Option<Digest>);

fn step(text: &str) -> Result<Step, String> {
    match text {
        "prevote" => Ok(Step::Prevote),
        "precommit" => Ok(Step::Precommit),
        _ => Err("write prevote or precommit".to_owned()),
    }
}

fn digest(text: &str) -> Result<Digest, String> {
    let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|error| error.to_string())?;
    Digest::try_from(&*bytes).map_err(|_| format!("{} bytes are not 32", bytes.len()))
}

fn block(text: &str) -> Result<Block, String> {
    if text == "nil" { Ok(Block(None)) } else { digest(text).map(|digest| Block(Some(digest))) }
}

impl Kind {
    /// The payload.
    pub(super) fn payload(&self) -> Result<Payload, Error> {
        Ok(match self {
            Self::Vote { place: Place { chain, height, round }, step, block: Block(block) } => {
                Payload::Vote { chain: chain.clone(), height: *height, round: *round, step: *step, block: *block }
            }
            Self::Block { place: Place { chain, height, round }, block } => {
                Payload::Block { chain: chain.clone(), height: *height, round: *round, block: *block }
            }
            Self::Transaction { file } => Payload::Transaction(bytes_of(file)?),
            Self::Tls { file } => Payload::Tls(bytes_of(file)?),
            Self::Opaque { digest } => Payload::Opaque(*digest),
        })
    }
}

fn bytes_of(path: &PathBuf) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| Error::io("read", path.display(), &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::new(format!("{} is larger than {} MiB: sign something smaller", path.display(), FILE_BYTES_MAX >> 20)));
    }
    Ok(bytes)
}
