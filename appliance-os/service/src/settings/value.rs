//! Values as they are written, before it is known what they should be.

use std::fmt;

/// A value out of the file, the environment or a flag.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    /// Text: all that comes from the environment and from flags, and what stands in quotes in the file.
    Text(String),
    /// A whole number of the file, in this base.
    Integer { digits: String, radix: u32 },
    /// A list of the file.
    List(Vec<Raw>),
    /// What no key takes, as TOML calls it.
    Other(&'static str),
}

/// What is wrong with a value, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub what: String,
    pub remedy: String,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

impl Raw {
    /// The text.
    pub(super) fn text(&self) -> Result<&str, Fault> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(Fault::new(format!("{self} is no text"), "write the value in double quotes")),
        }
    }

    /// A whole number, also where it stands in quotes: the environment knows nothing else.
    pub(super) fn number(&self) -> Result<u64, Fault> {
        let number = match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Integer { digits, radix } => u64::from_str_radix(digits, *radix).ok(),
            Self::List(_) | Self::Other(_) => None,
        };
        number.ok_or_else(|| Fault::new(format!("{self} is no whole number that fits 64 bits"), "write digits alone"))
    }

    /// A number of bytes: a whole number, or one of KiB, MiB or GiB.
    pub(super) fn bytes(&self) -> Result<u64, Fault> {
        let Self::Text(text) = self else { return self.number() };
        let text = text.trim();
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let factor = match text[digits.len()..].trim_start() {
            "" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => 0,
        };
        let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
        bytes.filter(|_| factor != 0).ok_or_else(|| {
            Fault::new(format!("{self} is no size"), "write a number of bytes, or one of \"KiB\", \"MiB\" or \"GiB\", as \"16 MiB\"")
        })
    }

    /// Permissions in octal. A number of another base is refused: 660 and 0660 look alike and are not.
    pub(super) fn mode(&self) -> Result<u32, Fault> {
        let mode = match self {
            Self::Text(text) => u32::from_str_radix(text.strip_prefix("0o").unwrap_or(text), 8).ok(),
            Self::Integer { digits, radix: 8 } => u32::from_str_radix(digits, 8).ok(),
            _ => None,
        };
        mode.filter(|mode| *mode <= 0o777)
            .ok_or_else(|| Fault::new(format!("{self} are no permissions"), "write three octal digits in double quotes, as \"0660\""))
    }

    /// The texts of a list.
    pub(super) fn texts(&self) -> Result<Vec<String>, Fault> {
        let Self::List(values) = self else {
            return Err(Fault::new(format!("{self} is no list"), "write a list of texts, as [\"a\", \"b\"]"));
        };
        values.iter().map(|value| value.text().map(str::to_owned)).collect()
    }
}

/// As it may stand in a message: short, and on one line.
impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Characters of a value that a message repeats.
        const SHOWN_MAX: usize = 80;
        match self {
            Self::Text(text) if text.chars().count() > SHOWN_MAX => write!(f, "{:?}...", text.chars().take(SHOWN_MAX).collect::<String>()),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Integer { digits, radix: 10 } => f.write_str(digits),
            Self::Integer { digits, radix } => write!(f, "{digits} in base {radix}"),
            Self::List(_) => f.write_str("a list"),
            Self::Other(name) => write!(f, "a value of type {name}"),
        }
    }
}

/// A number of bytes as it is written: in the largest unit that divides it.
pub(super) fn size(bytes: usize) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes > 0 && bytes.is_multiple_of(unit) {
            return format!("\"{} {name}\"", bytes / unit);
        }
    }
    bytes.to_string()
}

/// A text in quotes, as both TOML and JSON write it.
pub(super) fn quoted(text: &str) -> String {
    // The one character that stands unescaped in JSON and may not in TOML.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Raw {
        Raw::Text(text.to_owned())
    }

    #[test]
    fn sizes_have_binary_units() {
        for (written, bytes) in
            [("0", 0), ("16777216", 16 << 20), ("16 MiB", 16 << 20), ("16MiB", 16 << 20), (" 3 KiB ", 3072), ("2 GiB", 2 << 30)]
        {
            assert_eq!(text(written).bytes(), Ok(bytes), "{written}");
        }
        for written in ["", "MiB", "16 MB", "-1", "1.5 MiB", "17179869184 GiB", "99999999999999999999", "16 mib", "é", "1é"] {
            assert!(text(written).bytes().is_err(), "{written}");
        }
    }

    #[test]
    fn sizes_are_written_as_they_are_read() {
        for bytes in [0, 1, 1023, 1024, 1025, 16 << 20, 3 << 30, (1 << 30) + 1024] {
            let written = size(bytes);
            assert_eq!(text(written.trim_matches('"')).bytes(), Ok(bytes as u64), "{written}");
        }
    }

    #[test]
    fn quoted_texts_are_toml_and_json() {
        for text in ["", "/var/lib", "a \"b\" 'c' \\d", "tab\t line\n bell\u{7} delete\u{7f}", "caf\u{e9} \u{1f980}"] {
            let quoted = quoted(text);
            assert_eq!(toml::de::DeValue::parse(&quoted).unwrap().get_ref().as_str(), Some(text), "{quoted}");
            assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text, "{quoted}");
        }
    }

    #[test]
    fn permissions_are_octal_or_refused() {
        let integer = |digits: &str, radix| Raw::Integer { digits: digits.to_owned(), radix };
        assert_eq!(text("0660").mode(), Ok(0o660));
        assert_eq!(text("0o600").mode(), Ok(0o600));
        assert_eq!(integer("660", 8).mode(), Ok(0o660));
        for wrong in [integer("660", 10), integer("1b0", 16), text("0888"), text("1777"), text(""), text("-1"), text("rw")] {
            assert!(wrong.mode().is_err(), "{wrong}");
        }
    }
}
