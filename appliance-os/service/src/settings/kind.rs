//! What a key takes: how its value is read, written and moved.

use std::{
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use chainbox_engine::scheme::Scheme;
use chainbox_hsm::{Role, secret};
use nix::unistd::{Group, User};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::backends::DEVICES_MAX;

use super::{
    Devices, LogFormat, SigningDevice,
    value::{Fault, Raw, quoted, size},
};

/// What turns a listener off and unsets a path.
pub(super) const OFF: &str = "off";

/// All devices that are found, and none.
const AUTO: &str = "auto";
const NONE: &str = "none";

/// How a field is reached.
pub(super) type Field<T, V> = fn(&mut T) -> &mut V;

/// What a key takes, and which field of `T` it sets.
pub(super) enum Kind<T> {
    /// An IP address and a port, or "off".
    Listen(Field<T, Option<SocketAddr>>),
    /// The path of a socket, or "off".
    Socket(Field<T, Option<PathBuf>>),
    /// The path of a file, or "off", which is as if nothing were set.
    File(Field<T, Option<PathBuf>>),
    /// The path of a folder.
    Folder(Field<T, PathBuf>),
    /// The name of a user of this machine.
    User(Field<T, Option<String>>),
    /// The name of a group of this machine.
    Group(Field<T, Option<String>>),
    /// Permissions in octal.
    Mode(Field<T, u32>),
    /// A number.
    Count(RangeInclusive<usize>, Field<T, usize>),
    /// A number.
    Count32(RangeInclusive<u32>, Field<T, u32>),
    /// A number of bytes.
    Bytes(RangeInclusive<usize>, Field<T, usize>),
    /// A number of units of time, as the key's name says.
    Time(Unit, RangeInclusive<u64>, Field<T, Duration>),
    /// One word out of a list.
    Word(&'static [&'static str], Field<T, String>),
    /// Which devices verify.
    Devices(Field<T, Devices>),
    /// A format of the log.
    LogFormat(Field<T, LogFormat>),
    /// A filter of the log.
    LogFilter(Field<T, String>),
    /// This sentence and nothing else: whoever writes it has read it.
    Sentence(&'static str, Field<T, bool>),
    /// The name of a source.
    Name(Field<T, String>),
    /// Names or digests of client certificates.
    Certificates(Field<T, Vec<String>>),
    /// Users of this machine, by name or number.
    Users(Field<T, Vec<String>>),
    /// Any text of one line.
    Text(Field<T, Option<String>>),
    /// A number that may be missing.
    Number(RangeInclusive<u64>, Field<T, Option<u64>>),
    /// One of two words, of which the second is true.
    Either(&'static str, &'static str, Field<T, bool>),
    /// What holds keys that sign.
    DeviceOfKeys(Field<T, SigningDevice>),
    /// Where a PIN comes from. Its value is never repeated: it may be the PIN.
    PinSource(Field<T, Option<secret::Source>>),
    /// The label of a key that signs.
    Label(Field<T, Option<chainbox_hsm::Label>>),
    /// Several of them.
    Labels(Field<T, Vec<chainbox_hsm::Label>>),
    /// What may be signed.
    Roles(Field<T, Vec<Role>>),
    /// The scheme of a key.
    SchemeName(Field<T, Option<Scheme>>),
    /// A moment in UTC.
    Moment(Field<T, Option<SystemTime>>),
}

/// A unit of time.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Microseconds,
    Milliseconds,
    Seconds,
}

/// Does the same with the field of any kind.
macro_rules! with_field {
    ($kind:expr, $field:ident => $do:expr) => {
        match $kind {
            Kind::Listen($field) => $do,
            Kind::Number(_, $field) => $do,
            Kind::Either(_, _, $field) => $do,
            Kind::DeviceOfKeys($field) => $do,
            Kind::PinSource($field) => $do,
            Kind::Label($field) => $do,
            Kind::Labels($field) => $do,
            Kind::Roles($field) => $do,
            Kind::SchemeName($field) => $do,
            Kind::Moment($field) => $do,
            Kind::Socket($field) | Kind::File($field) => $do,
            Kind::Folder($field) => $do,
            Kind::User($field) | Kind::Group($field) | Kind::Text($field) => $do,
            Kind::Mode($field) | Kind::Count32(_, $field) => $do,
            Kind::Count(_, $field) | Kind::Bytes(_, $field) => $do,
            Kind::Time(_, _, $field) => $do,
            Kind::Word(_, $field) | Kind::LogFilter($field) | Kind::Name($field) => $do,
            Kind::Devices($field) => $do,
            Kind::LogFormat($field) => $do,
            Kind::Sentence(_, $field) => $do,
            Kind::Certificates($field) | Kind::Users($field) => $do,
        }
    };
}

impl<T> Kind<T> {
    /// Reads a value into its field.
    pub(super) fn read(&self, target: &mut T, raw: &Raw, paths: Paths) -> Result<(), Fault> {
        match self {
            Self::Listen(field) => *field(target) = listen(raw)?,
            Self::Socket(field) | Self::File(field) => *field(target) = if raw.text()? == OFF { None } else { Some(paths.read(raw)?) },
            Self::Folder(field) => *field(target) = paths.read(raw)?,
            Self::User(field) => *field(target) = Some(user(raw.text()?)?),
            Self::Group(field) => *field(target) = Some(group(raw.text()?)?),
            Self::Mode(field) => *field(target) = raw.mode()?,
            Self::Count(range, field) => *field(target) = within(raw.number()?, range, usize::to_string)?,
            Self::Count32(range, field) => *field(target) = within(raw.number()?, range, u32::to_string)?,
            Self::Bytes(range, field) => *field(target) = within(raw.bytes()?, range, |bytes| size(*bytes))?,
            Self::Time(unit, range, field) => *field(target) = unit.duration(within(raw.number()?, range, u64::to_string)?),
            Self::Word(words, field) => *field(target) = one_of(raw, words)?.to_owned(),
            Self::Devices(field) => *field(target) = devices(raw)?,
            Self::LogFormat(field) => {
                let name = one_of(raw, &LogFormat::ALL.map(LogFormat::name))?;
                *field(target) = LogFormat::ALL.into_iter().find(|format| format.name() == name).unwrap_or(LogFormat::Auto);
            }
            Self::LogFilter(field) => *field(target) = log_filter(raw)?,
            Self::Sentence(sentence, field) => *field(target) = said(raw, sentence)?,
            Self::Name(field) => *field(target) = name(raw)?,
            Self::Certificates(field) => *field(target) = raw.texts()?.into_iter().map(certificate).collect::<Result<_, _>>()?,
            Self::Users(field) => *field(target) = raw.texts()?.iter().map(|text| user_or_number(text)).collect::<Result<_, _>>()?,
            Self::Text(field) => *field(target) = Some(line(raw)?),
            Self::Number(range, field) => *field(target) = Some(within(raw.number()?, range, u64::to_string)?),
            Self::Either(no, yes, field) => *field(target) = one_of(raw, &[no, yes])? == *yes,
            Self::DeviceOfKeys(field) => {
                let name = one_of(raw, &SigningDevice::ALL.map(SigningDevice::name))?;
                *field(target) = SigningDevice::ALL.into_iter().find(|device| device.name() == name).unwrap_or(SigningDevice::Off);
            }
            Self::PinSource(field) => *field(target) = Some(pin_source(raw)?),
            Self::Label(field) => *field(target) = Some(label(raw.text()?)?),
            Self::Labels(field) => *field(target) = raw.texts()?.iter().map(|text| label(text)).collect::<Result<_, _>>()?,
            Self::Roles(field) => *field(target) = raw.texts()?.iter().map(|text| role(text)).collect::<Result<_, _>>()?,
            Self::SchemeName(field) => *field(target) = Some(scheme(raw)?),
            Self::Moment(field) => *field(target) = Some(moment(raw)?),
        }
        Ok(())
    }

    /// The value as the file would have it; `None` where nothing is set.
    pub(super) fn show(&self, target: &mut T) -> Option<String> {
        let path = |path: &Path| quoted(&path.to_string_lossy());
        let list = |texts: &[String]| format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "));
        match self {
            Self::Listen(field) => Some(field(target).map_or_else(|| quoted(OFF), |address| quoted(&address.to_string()))),
            Self::Socket(field) => Some(field(target).as_deref().map_or_else(|| quoted(OFF), path)),
            Self::File(field) => field(target).as_deref().map(path),
            Self::Folder(field) => Some(path(field(target))),
            Self::User(field) | Self::Group(field) => field(target).as_deref().map(quoted),
            Self::Mode(field) => Some(format!("\"{:04o}\"", field(target))),
            Self::Count(_, field) => Some(field(target).to_string()),
            Self::Count32(_, field) => Some(field(target).to_string()),
            Self::Bytes(_, field) => Some(size(*field(target))),
            Self::Time(unit, _, field) => Some(unit.count(*field(target)).to_string()),
            Self::Word(_, field) | Self::LogFilter(field) | Self::Name(field) => Some(quoted(field(target))),
            Self::Devices(field) => Some(match field(target) {
                Devices::Auto => quoted(AUTO),
                Devices::None => quoted(NONE),
                Devices::Named(names) => list(names),
            }),
            Self::LogFormat(field) => Some(quoted(field(target).name())),
            Self::Sentence(sentence, field) => field(target).then(|| quoted(sentence)),
            Self::Certificates(field) | Self::Users(field) => Some(list(field(target))),
            Self::Text(field) => field(target).as_deref().map(quoted),
            Self::Number(_, field) => field(target).map(|number| number.to_string()),
            Self::Either(no, yes, field) => Some(quoted(if *field(target) { yes } else { no })),
            Self::DeviceOfKeys(field) => Some(quoted(field(target).name())),
            Self::PinSource(field) => field(target).as_ref().map(|source| quoted(&source.to_string())),
            Self::Label(field) => field(target).as_ref().map(|label| quoted(label.as_str())),
            Self::Labels(field) => Some(list(&field(target).iter().map(ToString::to_string).collect::<Vec<_>>())),
            Self::Roles(field) => Some(list(&field(target).iter().map(ToString::to_string).collect::<Vec<_>>())),
            Self::SchemeName(field) => field(target).map(|scheme| quoted(scheme.name())),
            Self::Moment(field) => field(target).map(|moment| quoted(&written(moment))),
        }
    }

    /// Gives one the value of another.
    pub(super) fn copy(&self, from: &mut T, to: &mut T) {
        with_field!(self, field => field(to).clone_from(field(from)));
    }

    /// What the template says about the values that the key takes, where its text and name leave that open.
    pub(super) fn range(&self) -> Option<String> {
        match self {
            Self::Count(range, _) => Some(format!("{} to {}", range.start(), range.end())),
            Self::Count32(range, _) => Some(format!("{} to {}", range.start(), range.end())),
            Self::Bytes(range, _) => Some(format!("{} to {}", size(*range.start()), size(*range.end())).replace('"', "")),
            Self::Time(_, range, _) => Some(format!("{} to {}", range.start(), range.end())),
            Self::Word(words, _) => Some(format!("One of: {}", words.join(", "))),
            Self::LogFormat(_) => Some(format!("One of: {}", LogFormat::ALL.map(LogFormat::name).join(", "))),
            Self::Number(range, _) => Some(format!("{} to {}", range.start(), range.end())),
            Self::Either(no, yes, _) => Some(format!("One of: {no}, {yes}")),
            Self::DeviceOfKeys(_) => Some(format!("One of: {}", SigningDevice::ALL.map(SigningDevice::name).join(", "))),
            _ => None,
        }
    }
}

impl Unit {
    const fn duration(self, count: u64) -> Duration {
        match self {
            Self::Microseconds => Duration::from_micros(count),
            Self::Milliseconds => Duration::from_millis(count),
            Self::Seconds => Duration::from_secs(count),
        }
    }

    const fn count(self, duration: Duration) -> u128 {
        match self {
            Self::Microseconds => duration.as_micros(),
            Self::Milliseconds => duration.as_millis(),
            Self::Seconds => duration.as_secs() as u128,
        }
    }
}

/// Where a path begins that does not begin at the root.
#[derive(Clone, Copy)]
pub(super) enum Paths {
    /// Nowhere: a file is read by whoever starts in whatever folder.
    Refused,
    /// In the folder of the process, as everybody who writes a command expects.
    FromHere,
}

impl Paths {
    fn read(self, raw: &Raw) -> Result<PathBuf, Fault> {
        let text = raw.text()?;
        if text.is_empty() || text.contains('\0') {
            return Err(Fault::new(format!("{raw} is no path"), "write a path from the root, as \"/var/lib/chainbox\""));
        }
        match self {
            Self::Refused if !Path::new(text).is_absolute() => Err(Fault::new(
                format!("the path {raw} does not begin at the root"),
                "write it with a / in front; ~ and variables have no meaning here",
            )),
            Self::Refused => Ok(text.into()),
            Self::FromHere => std::path::absolute(text).map_err(|error| {
                Fault::new(format!("the folder in which {raw} begins cannot be told: {error}"), "write the path from the root")
            }),
        }
    }
}

fn listen(raw: &Raw) -> Result<Option<SocketAddr>, Fault> {
    let text = raw.text()?;
    if text == OFF {
        return Ok(None);
    }
    let fault = |_| {
        Fault::new(format!("{raw} is no address"), "write an IP address and a port, as \"127.0.0.1:7410\" or \"[::1]:7410\", or \"off\"")
    };
    text.parse().map(Some).map_err(fault)
}

fn within<V: Copy + PartialOrd + TryFrom<u64>>(number: u64, range: &RangeInclusive<V>, show: fn(&V) -> String) -> Result<V, Fault> {
    let value = V::try_from(number).ok().filter(|value| range.contains(value));
    value.ok_or_else(|| Fault::new(format!("{number} is out of range"), format!("write {} to {}", show(range.start()), show(range.end()))))
}

fn one_of<'a>(raw: &Raw, words: &[&'a str]) -> Result<&'a str, Fault> {
    let text = raw.text()?;
    let word = words.iter().copied().find(|word| *word == text);
    word.ok_or_else(|| {
        Fault::new(
            format!("{raw} is not known"),
            format!("write {}", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" or ")),
        )
    })
}

/// A word, a list of names, or, where there are no lists (the environment, flags), names with commas between.
fn devices(raw: &Raw) -> Result<Devices, Fault> {
    const REMEDY: &str = "write \"auto\", \"none\", or names as `chainbox devices` has them, each once: [\"opencl\", \"cuda:1\"]";
    let names = match raw {
        Raw::Text(text) if text == AUTO => return Ok(Devices::Auto),
        Raw::Text(text) if text == NONE => return Ok(Devices::None),
        Raw::Text(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        _ => raw.texts()?,
    };
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let is_number = |number: &str| !number.is_empty() && number.len() < 4 && number.chars().all(|c| c.is_ascii_digit());
    let is_name = |name: &String| match name.split_once(':') {
        None => is_word(name),
        Some((word, number)) => is_word(word) && is_number(number),
    };
    if let Some(wrong) = names.iter().find(|name| !is_name(name) || [AUTO, NONE].contains(&name.as_str())) {
        return Err(Fault::new(format!("{wrong:?} is no name of a device"), REMEDY));
    }
    let twice = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name));
    if let Some((_, name)) = twice {
        return Err(Fault::new(format!("{name:?} is named twice"), REMEDY));
    }
    if names.is_empty() || names.len() > DEVICES_MAX {
        return Err(Fault::new(format!("{} names are not 1 to {DEVICES_MAX}", names.len()), REMEDY));
    }
    Ok(Devices::Named(names))
}

/// A word alone must be a level: to `EnvFilter`, "wran" is a part of a program that does not exist, and nothing would be logged.
fn log_filter(raw: &Raw) -> Result<String, Fault> {
    const REMEDY: &str =
        "write a level (error, warn, info, debug, trace, off), or PART=LEVEL, several with commas between: \"info,chainbox_service=debug\"";
    let text = raw.text()?;
    let stray = text.split(',').map(str::trim).find(|part| !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err());
    if let Some(stray) = stray {
        return Err(Fault::new(format!("{stray:?} is no level"), REMEDY));
    }
    EnvFilter::builder().parse(text).map_err(|error| Fault::new(format!("{raw} is no filter: {error}"), REMEDY))?;
    Ok(text.to_owned())
}

fn said(raw: &Raw, sentence: &str) -> Result<bool, Fault> {
    if raw.text()? == sentence {
        return Ok(true);
    }
    Err(Fault::new(format!("{raw} is not the sentence that this key takes"), format!("leave the key out, or write {}", quoted(sentence))))
}

fn name(raw: &Raw) -> Result<String, Fault> {
    /// Characters of a name: metrics and logs repeat it.
    const NAME_CHARACTERS_MAX: usize = 64;
    let text = raw.text()?;
    let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if text.is_empty() || text.len() > NAME_CHARACTERS_MAX || !is_name(text) {
        let remedy = format!("write 1 to {NAME_CHARACTERS_MAX} letters, digits, -, _ or .");
        return Err(Fault::new(format!("{raw} is no name of a source"), remedy));
    }
    Ok(text.to_owned())
}

/// A name or a digest of a certificate, digests in small letters.
fn certificate(text: String) -> Result<String, Fault> {
    const DIGEST: &str = "sha256:";
    if let Some(digits) = text.strip_prefix(DIGEST) {
        let digits = digits.replace(':', "").to_ascii_lowercase();
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Fault::new(
                format!("{text:?} is no SHA-256 digest"),
                "write sha256: and 64 hex digits, as `openssl x509 -in FILE -outform DER | sha256sum` prints them",
            ));
        }
        return Ok(format!("{DIGEST}{digits}"));
    }
    if text.trim().is_empty() || text.trim() != text || text.chars().any(char::is_control) {
        return Err(Fault::new(
            format!("{text:?} is no name of a certificate"),
            "write its common name or a DNS name, or sha256: and its digest",
        ));
    }
    Ok(text)
}

fn user(name: &str) -> Result<String, Fault> {
    match User::from_name(name) {
        Ok(Some(_)) => Ok(name.to_owned()),
        Ok(None) => Err(Fault::new(format!("there is no user {name:?}"), "create it, or name one that `getent passwd` lists")),
        Err(error) => {
            Err(Fault::new(format!("the user {name:?} cannot be looked up: {}", error.desc()), "ask for it with `getent passwd`"))
        }
    }
}

fn group(name: &str) -> Result<String, Fault> {
    match Group::from_name(name) {
        Ok(Some(_)) => Ok(name.to_owned()),
        Ok(None) => Err(Fault::new(format!("there is no group {name:?}"), "create it, or name one that `getent group` lists")),
        Err(error) => {
            Err(Fault::new(format!("the group {name:?} cannot be looked up: {}", error.desc()), "ask for it with `getent group`"))
        }
    }
}

/// A number needs no name: a user of another machine, as a container's, may have none here.
fn user_or_number(text: &str) -> Result<String, Fault> {
    if text.parse::<u32>().is_ok() { Ok(text.to_owned()) } else { user(text) }
}

/// A text of one line.
fn line(raw: &Raw) -> Result<String, Fault> {
    /// Bytes of such a text.
    const LINE_BYTES_MAX: usize = 255;
    let text = raw.text()?;
    if text.is_empty() || text.len() > LINE_BYTES_MAX || text.chars().any(char::is_control) {
        let remedy = format!("write 1 to {LINE_BYTES_MAX} bytes without control characters");
        return Err(Fault::new(format!("{raw} is no text of one line"), remedy));
    }
    Ok(text.to_owned())
}

fn pin_source(raw: &Raw) -> Result<secret::Source, Fault> {
    let wrong =
        || Fault::new("the value, which is not shown, names no source of a PIN", "write credential:NAME, file:/PATH, env:NAME or prompt");
    match raw {
        Raw::Text(text) => text.parse().map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

fn label(text: &str) -> Result<chainbox_hsm::Label, Fault> {
    text.parse().map_err(|error: chainbox_hsm::key::NoLabel| {
        Fault::new(error.to_string(), "write the label of a key, as `chainbox hsm list` shows it")
    })
}

fn role(text: &str) -> Result<Role, Fault> {
    text.parse().map_err(|error: chainbox_hsm::payload::UnknownRole| Fault::new(error.to_string(), "write one of them, as \"transaction\""))
}

fn scheme(raw: &Raw) -> Result<Scheme, Fault> {
    let name = one_of(raw, &Scheme::ALL.map(Scheme::name))?;
    Ok(Scheme::ALL.into_iter().find(|scheme| scheme.name() == name).unwrap_or(Scheme::EcdsaP256Sha256))
}

fn moment(raw: &Raw) -> Result<SystemTime, Fault> {
    let parsed = OffsetDateTime::parse(raw.text()?, &Rfc3339);
    parsed.map(SystemTime::from).map_err(|_| {
        Fault::new(format!("{raw} is no moment"), "write date and time in UTC and in double quotes, as \"2027-01-01T00:00:00Z\"")
    })
}

/// A moment as it is read.
fn written(moment: SystemTime) -> String {
    OffsetDateTime::from(moment).format(&Rfc3339).unwrap_or_default()
}
