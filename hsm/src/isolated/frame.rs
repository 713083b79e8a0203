//! What the two processes say to one another.
//!
//! A frame is a length (u32, of what follows), an id (u64) and a body; numbers are little-endian. The first byte of a body says what it is. An answer has the
//! id of its request. Neither side believes the other: a frame above its bound, a body that does not end where it should, a text that is none or a label that
//! is none is [`Malformed`]. Every frame that can be read is written with the same bytes.

use std::borrow::Cow;

use chainbox_engine::hash::Digest;
use zeroize::Zeroizing;

use crate::{Algorithm, Error, KeyInfo, Kind, Label, PublicKey, Signature, device::Capabilities, secret::SECRET_BYTES_MAX, secret::Secret};

/// The version of these frames. The two processes are of one program; where they are not after all, the first frame says so.
pub const VERSION: u32 = 1;
/// Length and id.
pub const HEADER_BYTES: usize = 12;
/// The most digests of one request.
pub const DIGESTS_MAX: usize = 4096;
/// The most random bytes of one request.
pub const RANDOM_BYTES_MAX: usize = 64 * 1024;
/// The most keys that a device lists.
pub const KEYS_MAX: usize = 16_384;
/// The longest text of an error or a description, in bytes; a longer one is cut.
pub const TEXT_BYTES_MAX: usize = 1024;
/// The longest options of a device, in bytes of JSON. They may name thousands of keys.
pub const OPTIONS_BYTES_MAX: usize = 1024 * 1024;
/// The most secrets of a device: one a key.
pub const SECRETS_MAX: usize = 4096;
/// The longest body of the first frame.
pub const HELLO_BYTES_MAX: usize = OPTIONS_BYTES_MAX + (SECRETS_MAX + 2) * (TEXT_BYTES_MAX + SECRET_BYTES_MAX + 8);
/// The longest body of a request: one for signatures.
pub const REQUEST_BYTES_MAX: usize = (DIGESTS_MAX + 8) * size_of::<Digest>();
/// The longest body of an answer: a list of keys.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What cannot be read, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a malformed frame: {0}")]
pub struct Malformed(pub &'static str);

/// The first frame: what to open, and with which secrets.
#[derive(Clone, Debug)]
pub struct Hello {
    /// The name of the device.
    pub name: String,
    /// What to open: JSON.
    pub options: String,
    /// Secrets by their names.
    pub secrets: Vec<(String, Secret)>,
}

/// What is asked of the device. Times are what is left, in microseconds: the two processes need not agree on a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// [`crate::Device::capabilities`].
    Capabilities,
    /// [`crate::Device::keys`].
    Keys,
    /// [`crate::Device::key`].
    Key(Cow<'a, Label>),
    /// [`crate::Device::generate`].
    Generate(Cow<'a, Label>, Algorithm),
    /// [`crate::Device::destroy`].
    Destroy(Cow<'a, Label>),
    /// [`crate::Device::random`]: so many bytes, at most [`RANDOM_BYTES_MAX`].
    Random(usize),
    /// [`crate::Device::sign`]: at most [`DIGESTS_MAX`].
    Sign(Cow<'a, Label>, Cow<'a, [Digest]>),
}

/// What the device answered, in the order of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It failed.
    Failed(Error),
    /// To [`Hello`]: the device is open, and so many requests at once keep it busy.
    Welcome(usize),
    /// To [`Request::Capabilities`].
    Capabilities(Capabilities),
    /// To [`Request::Keys`].
    Keys(Vec<KeyInfo>),
    /// To [`Request::Key`].
    Key(KeyInfo),
    /// To [`Request::Generate`].
    Made(PublicKey),
    /// To [`Request::Destroy`].
    Destroyed,
    /// To [`Request::Random`].
    Random(Zeroizing<Vec<u8>>),
    /// To [`Request::Sign`].
    Signed(Vec<Signature>),
}

/// Writes a frame into a buffer, over what was there: header first, then what `body` writes.
fn frame(out: &mut Vec<u8>, id: u64, body: impl FnOnce(&mut Vec<u8>)) {
    out.clear();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&id.to_le_bytes());
    body(out);
    let length = u32::try_from(out.len() - 4).expect("bodies are bounded");
    out[..4].copy_from_slice(&length.to_le_bytes());
}

/// The length of a body and the id, of a frame that begins so.
///
/// # Errors
/// Where the frame is too short for an id, or its body longer than `bytes_max`.
pub fn header(bytes: &[u8; HEADER_BYTES], bytes_max: usize) -> Result<(usize, u64), Malformed> {
    let (length, id) = bytes.split_at(4);
    let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
    let body = length.checked_sub(HEADER_BYTES - 4).ok_or(Malformed("it is shorter than its id"))?;
    if body > bytes_max {
        return Err(Malformed("it is longer than the answer can be"));
    }
    Ok((body, u64::from_le_bytes(id.try_into().expect("eight bytes"))))
}

impl Hello {
    /// Writes the frame. The buffer holds secrets then.
    ///
    /// # Panics
    /// Where a bound is exceeded, which the caller checks.
    pub fn encode(&self, out: &mut Vec<u8>) {
        // All at once: a buffer that grows leaves copies of secrets behind.
        let secrets: usize = self.secrets.iter().map(|(name, secret)| name.len() + secret.expose().len() + 8).sum();
        out.reserve(HEADER_BYTES + self.name.len() + self.options.len() + secrets + 16);
        frame(out, 0, |out| {
            out.extend_from_slice(&VERSION.to_le_bytes());
            put_text(out, &self.name);
            put_bytes(out, self.options.as_bytes());
            put_u32(out, self.secrets.len());
            for (name, secret) in &self.secrets {
                put_text(out, name);
                put_bytes(out, secret.expose());
            }
        });
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Malformed`], also where the version is another.
    pub fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let mut body = Body(body);
        if body.u32()? != VERSION as usize {
            return Err(Malformed("its version is another: the two processes are not of one program"));
        }
        let name = body.text()?;
        let options = utf8(body.bytes(OPTIONS_BYTES_MAX)?)?;
        let count = body.count(SECRETS_MAX)?;
        let secrets =
            (0..count).map(|_| Ok((body.text()?, Secret::new(body.bytes(SECRET_BYTES_MAX)?.to_vec())))).collect::<Result<_, _>>()?;
        body.end(Self { name, options, secrets })
    }
}

impl<'a> Request<'a> {
    /// Writes the frame. `left_us`: how long the device may take.
    pub fn encode(&self, out: &mut Vec<u8>, id: u64, left_us: u64) {
        frame(out, id, |out| {
            out.push(self.code());
            out.extend_from_slice(&left_us.to_le_bytes());
            match self {
                Self::Capabilities | Self::Keys => {}
                Self::Key(label) | Self::Destroy(label) => put_label(out, label),
                Self::Generate(label, algorithm) => {
                    put_label(out, label);
                    put_algorithm(out, *algorithm);
                }
                Self::Random(bytes) => put_u32(out, *bytes),
                Self::Sign(label, digests) => {
                    put_label(out, label);
                    put_u32(out, digests.len());
                    out.extend_from_slice(digests.as_flattened());
                }
            }
        });
    }

    /// Reads a body: the request, and how long the device may take, in microseconds.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(body: &[u8]) -> Result<(Request<'static>, u64), Malformed> {
        let mut body = Body(body);
        let code = body.u8()?;
        let left_us = body.u64()?;
        let request = match code {
            1 => Request::Capabilities,
            2 => Request::Keys,
            3 => Request::Key(Cow::Owned(body.label()?)),
            4 => Request::Generate(Cow::Owned(body.label()?), body.algorithm()?),
            5 => Request::Destroy(Cow::Owned(body.label()?)),
            6 => Request::Random(body.count(RANDOM_BYTES_MAX)?),
            7 => Request::Sign(Cow::Owned(body.label()?), Cow::Owned(body.arrays(DIGESTS_MAX)?)),
            _ => return Err(Malformed("nobody asks so")),
        };
        body.end((request, left_us))
    }

    const fn code(&self) -> u8 {
        match self {
            Self::Capabilities => 1,
            Self::Keys => 2,
            Self::Key(_) => 3,
            Self::Generate(..) => 4,
            Self::Destroy(_) => 5,
            Self::Random(_) => 6,
            Self::Sign(..) => 7,
        }
    }

    /// The longest body that an answer to this can have, a failure included.
    #[must_use]
    pub fn answer_bytes_max(&self) -> usize {
        const FAILURE: usize = 4 * (TEXT_BYTES_MAX + 8);
        match self {
            Self::Keys => ANSWER_BYTES_MAX,
            Self::Random(bytes) => FAILURE + bytes,
            Self::Sign(_, digests) => FAILURE + digests.len() * size_of::<Signature>(),
            Self::Capabilities | Self::Key(_) | Self::Generate(..) | Self::Destroy(_) => FAILURE,
        }
    }

    /// Whether this answers that: the right kind, and as many as were asked for.
    #[must_use]
    pub fn is_answered_by(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (_, Answer::Failed(_))
            | (Self::Capabilities, Answer::Capabilities(_))
            | (Self::Keys, Answer::Keys(_))
            | (Self::Generate(..), Answer::Made(_))
            | (Self::Destroy(_), Answer::Destroyed) => true,
            (Self::Key(label), Answer::Key(key)) => key.label == **label,
            (Self::Random(bytes), Answer::Random(random)) => random.len() == *bytes,
            (Self::Sign(_, digests), Answer::Signed(signatures)) => signatures.len() == digests.len(),
            _ => false,
        }
    }

    /// Whether it may be asked again where nobody knows what became of it: it leaves the device as it was.
    #[must_use]
    pub const fn may_be_repeated(&self) -> bool {
        !matches!(self, Self::Generate(..) | Self::Destroy(_))
    }
}

impl Answer {
    /// Writes the frame.
    pub fn encode(&self, out: &mut Vec<u8>, id: u64) {
        frame(out, id, |out| match self {
            Self::Failed(error) => {
                out.push(0);
                for text in [error.kind.name(), &error.place, &error.what, &error.remedy] {
                    put_text(out, text);
                }
            }
            Self::Capabilities(capabilities) => {
                out.push(1);
                put_capabilities(out, capabilities);
            }
            Self::Keys(keys) => {
                out.push(2);
                put_u32(out, keys.len());
                keys.iter().for_each(|key| put_key(out, key));
            }
            Self::Key(key) => {
                out.push(3);
                put_key(out, key);
            }
            Self::Made(public_key) => {
                out.push(4);
                out.extend_from_slice(public_key);
            }
            Self::Destroyed => out.push(5),
            Self::Random(bytes) => {
                out.push(6);
                put_bytes(out, bytes);
            }
            Self::Signed(signatures) => {
                out.push(7);
                put_u32(out, signatures.len());
                out.extend_from_slice(signatures.as_flattened());
            }
            Self::Welcome(at_once) => {
                out.push(8);
                put_u32(out, *at_once);
            }
        });
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let mut body = Body(body);
        let answer = match body.u8()? {
            0 => Self::Failed(body.error()?),
            1 => Self::Capabilities(body.capabilities()?),
            2 => Self::Keys(body.keys()?),
            3 => Self::Key(body.key()?),
            4 => Self::Made(body.array()?),
            5 => Self::Destroyed,
            6 => Self::Random(Zeroizing::new(body.bytes(RANDOM_BYTES_MAX)?.to_vec())),
            7 => Self::Signed(body.arrays(DIGESTS_MAX)?),
            8 => Self::Welcome(body.u32()?),
            _ => return Err(Malformed("nobody answers so")),
        };
        body.end(answer)
    }
}

fn put_u32(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// A text, cut to its bound, on one line.
fn put_text(out: &mut Vec<u8>, text: &str) {
    let mut text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    put_bytes(out, text.as_bytes());
}

fn put_label(out: &mut Vec<u8>, label: &Label) {
    put_bytes(out, label.as_str().as_bytes());
}

fn put_algorithm(out: &mut Vec<u8>, algorithm: Algorithm) {
    put_text(out, algorithm.name());
}

fn put_key(out: &mut Vec<u8>, key: &KeyInfo) {
    put_label(out, &key.label);
    put_algorithm(out, key.algorithm);
    out.extend_from_slice(&key.public_key);
}

fn put_capabilities(out: &mut Vec<u8>, capabilities: &Capabilities) {
    put_text(out, &capabilities.description);
    put_u32(out, capabilities.algorithms.len());
    capabilities.algorithms.iter().for_each(|algorithm| put_algorithm(out, *algorithm));
    out.extend([u8::from(capabilities.generates), u8::from(capabilities.destroys)]);
    put_u32(out, capabilities.sessions_max);
    put_u32(out, capabilities.batch_max);
}

fn utf8(bytes: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Malformed("a text that is not UTF-8"))
}

/// What of a body is left to read.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        Ok(self.take(N)?.try_into().expect("so many were taken"))
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<usize, Malformed> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed("a flag that is neither set nor not")),
        }
    }

    /// A number of things that follow.
    fn count(&mut self, max: usize) -> Result<usize, Malformed> {
        let count = self.u32()?;
        if count <= max { Ok(count) } else { Err(Malformed("more than there may be")) }
    }

    fn bytes(&mut self, max: usize) -> Result<&'a [u8], Malformed> {
        let count = self.count(max)?;
        self.take(count)
    }

    fn arrays<const N: usize>(&mut self, max: usize) -> Result<Vec<[u8; N]>, Malformed> {
        let count = self.count(max)?;
        Ok(self.take(count * N)?.as_chunks().0.to_vec())
    }

    fn text(&mut self) -> Result<String, Malformed> {
        let text = utf8(self.bytes(TEXT_BYTES_MAX)?)?;
        if text.chars().any(char::is_control) { Err(Malformed("a text with control characters")) } else { Ok(text) }
    }

    fn label(&mut self) -> Result<Label, Malformed> {
        self.text()?.parse().map_err(|_| Malformed("a label that is none"))
    }

    fn algorithm(&mut self) -> Result<Algorithm, Malformed> {
        self.text()?.parse().map_err(|_| Malformed("an unknown algorithm"))
    }

    fn key(&mut self) -> Result<KeyInfo, Malformed> {
        Ok(KeyInfo { label: self.label()?, algorithm: self.algorithm()?, public_key: self.array()? })
    }

    fn keys(&mut self) -> Result<Vec<KeyInfo>, Malformed> {
        let count = self.count(KEYS_MAX)?;
        (0..count).map(|_| self.key()).collect()
    }

    fn capabilities(&mut self) -> Result<Capabilities, Malformed> {
        let description = self.text()?;
        let count = self.count(Algorithm::ALL.len())?;
        let algorithms = (0..count).map(|_| self.algorithm()).collect::<Result<_, _>>()?;
        let (generates, destroys) = (self.flag()?, self.flag()?);
        Ok(Capabilities { description, algorithms, generates, destroys, sessions_max: self.u32()?, batch_max: self.u32()? })
    }

    fn error(&mut self) -> Result<Error, Malformed> {
        let kind = Kind::named(&self.text()?).ok_or(Malformed("an unknown kind of failure"))?;
        Ok(Error { kind, place: self.text()?, what: self.text()?, remedy: self.text()? })
    }

    fn end<T>(self, read: T) -> Result<T, Malformed> {
        if self.0.is_empty() { Ok(read) } else { Err(Malformed("something follows its end")) }
    }
}
