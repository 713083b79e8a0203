//! Moving a validator: what its keys signed last, as JSON, in the manner of EIP-3076.

use serde::{Deserialize, Serialize};

use super::{Guard, KEYS_MAX, Last, held, unwritable};
use crate::{
    Error, Kind, Label,
    hexadecimal::Hex,
    payload::{CHAIN_BYTES_MAX, Position, Step},
};

/// The format's name.
const FORMAT: &str = "chainbox-guard";

/// The longest file, in bytes.
const BYTES_MAX: usize = 4 << 20;

/// What the keys of a guard signed last. Nothing at or below these places is signed by whoever imports it, but the very same once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interchange {
    /// `chainbox-guard`.
    pub format: String,
    /// 1.
    pub version: u32,
    /// One entry a key.
    pub keys: Vec<InterchangeKey>,
}

/// What one key signed last. Where round and step are left out, they are the highest: nothing at this height is signed any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterchangeKey {
    /// SEC1, uncompressed, in hex.
    pub public_key: Hex<65>,
    /// Its label.
    pub label: Label,
    /// Its chain.
    pub chain: String,
    /// The height.
    pub height: u64,
    /// The round.
    #[serde(default = "highest_round")]
    pub round: u32,
    /// The step.
    #[serde(default = "highest_step")]
    pub step: Step,
    /// The digest that was signed there, in hex; where it is left out, nothing more is signed at this place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Hex<32>>,
}

const fn highest_round() -> u32 {
    u32::MAX
}

const fn highest_step() -> Step {
    Step::Precommit
}

impl Interchange {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Kind::Input`] with the line and what is wrong there.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |what: String| Error::new(Kind::Input, "state of a guard", what).remedy("docs/signing.md shows the format");
        if bytes.len() > BYTES_MAX {
            return Err(wrong(format!("{} bytes; the limit is {BYTES_MAX}", bytes.len())));
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        if read.format != FORMAT || read.version != 1 {
            return Err(wrong(format!("it is {:?} version {}, not {FORMAT:?} version 1", read.format, read.version)));
        }
        if read.keys.len() > KEYS_MAX {
            return Err(wrong(format!("{} keys; the limit is {KEYS_MAX}", read.keys.len())));
        }
        let bad_chain = read.keys.iter().find(|key| !(1..=CHAIN_BYTES_MAX).contains(&key.chain.len()));
        match bad_chain {
            Some(key) => Err(wrong(format!("the id of the chain of the key {} does not have 1 to {CHAIN_BYTES_MAX} bytes", key.label))),
            None => Ok(read),
        }
    }
}

impl Interchange {
    fn of(states: Vec<super::KeyState>) -> Self {
        let key = |state: super::KeyState| {
            let Last { position: Position { height, round, step }, digest } = state.last;
            let (public_key, digest) = (Hex(state.public_key), digest.map(Hex));
            InterchangeKey { public_key, label: state.label, chain: state.chain, height, round, step, digest }
        };
        Self { format: FORMAT.to_owned(), version: 1, keys: states.into_iter().map(key).collect() }
    }

    /// What a guard knows that another process may have open: for backups. Votes may follow that it does not have.
    ///
    /// # Errors
    /// As [`super::read`].
    pub fn read(path: &std::path::Path) -> Result<Self, Error> {
        super::read(path).map(Self::of)
    }
}

impl Guard {
    /// What a guard elsewhere must know before it may sign with these keys. Whoever exports to move a validator stops this one first.
    #[must_use]
    pub fn export(&self) -> Interchange {
        Interchange::of(self.states())
    }

    /// Takes what was signed elsewhere. No place is lowered: of what is known and what is new the higher one stays, and where two digests were signed at one
    /// place, nothing more is signed there.
    ///
    /// # Errors
    /// [`Kind::Storage`] where a key is of another chain here, or the disk fails: what was imported before it stays.
    pub fn import(&self, interchange: &Interchange) -> Result<(), Error> {
        interchange.keys.iter().try_for_each(|key| self.import_key(key))
    }

    fn import_key(&self, key: &InterchangeKey) -> Result<(), Error> {
        let entry = self.entry(key.public_key.0, &key.label, &key.chain)?;
        let mut entry = held(&entry);
        if entry.chain() != key.chain {
            return Err(self.other_chain(&key.label, entry.chain(), &key.chain));
        }
        let new =
            Last { position: Position { height: key.height, round: key.round, step: key.step }, digest: key.digest.map(|digest| digest.0) };
        let last = match entry.last() {
            Some(last) if last.position > new.position => last,
            Some(last) if last.position == new.position && last.digest != new.digest => Last { digest: None, ..last },
            _ => new,
        };
        entry.write(last).and_then(|()| entry.mirror()).map_err(|error| unwritable(&self.place, &error))
    }
}
