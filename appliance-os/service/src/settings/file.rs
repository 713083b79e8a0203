//! The TOML file: bytes -> values with their lines.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use toml::de::{DeTable, DeValue};

use super::{
    keys,
    load::Origin,
    nearest::nearest,
    problem::Problem,
    tables::{SOURCE_TABLE, Table},
    value::Raw,
};

/// The size of a file of settings.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What a file says, as far as its names are known.
#[derive(Default)]
pub(super) struct Content {
    /// Values by the dotted name of their key.
    pub entries: Vec<Entry>,
    /// Tables that may stand many times, in their order.
    pub tables: Vec<Repeated>,
}

/// A value and where it stands.
pub(super) struct Entry {
    pub key: &'static str,
    pub raw: Raw,
    pub origin: Origin,
}

/// A table that may stand many times, and where it begins.
pub(super) struct Repeated {
    pub table: Table,
    pub entries: Vec<Entry>,
    pub origin: Origin,
}

/// Reads a file. Problems are added to those that there are.
pub(super) fn read(path: &Path, problems: &mut Vec<Problem>) -> Content {
    match text_of(path) {
        Ok(text) => parse(path, &text, problems),
        Err((what, remedy)) => {
            let origin = Origin::File { path: path.to_owned(), line: None };
            problems.push(Problem { origin, key: None, what, remedy: remedy.to_owned() });
            Content::default()
        }
    }
}

fn text_of(path: &Path) -> Result<String, (String, &'static str)> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        (format!("cannot read the settings: {}", words(&error)), "name a file that can be read with --config, or drop the flag")
    })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err((format!("the file is larger than {} MiB", FILE_BYTES_MAX >> 20), "name a file of settings with --config"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        (format!("line {line} is not UTF-8"), "save the file as UTF-8")
    })
}

/// The system's text without the number that Rust appends to it.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or_else(|| text.clone(), |(words, _)| words.to_owned())
}

/// Parses a file. Where its syntax is wrong, that is all that is said about it: what was meant can only be guessed.
fn parse(path: &Path, text: &str, problems: &mut Vec<Problem>) -> Content {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { path, text, problems, content: Content::default() };
    if errors.is_empty() {
        reader.document(table.get_ref());
    }
    for error in errors {
        let what = error.message().lines().map(str::trim).collect::<Vec<_>>().join(", ");
        reader.problem(
            error.span().map_or(0, |span| span.start),
            None,
            what,
            "write each key once, as NAME = VALUE on a line of its own, texts in double quotes",
        );
    }
    reader.content
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    problems: &'a mut Vec<Problem>,
    content: Content,
}

impl Reader<'_> {
    fn document(&mut self, table: &DeTable<'_>) {
        for (name, value) in in_order(table) {
            let at = name.span().start;
            if let Some(table) = Table::of(None, name.get_ref()) {
                self.tables(at, table, value.get_ref());
                continue;
            }
            match value.get_ref() {
                DeValue::Table(section) if keys::sections().any(|known| known == name.get_ref()) => self.section(name.get_ref(), section),
                DeValue::Table(_) if keys::find(name.get_ref()).is_none() => {
                    let known = nearest(name.get_ref(), keys::sections().chain([SOURCE_TABLE]));
                    let remedy = match known {
                        Some(SOURCE_TABLE) => "did you mean [[source]]?".to_owned(),
                        Some(section) => format!("did you mean [{section}]?"),
                        None => format!("the sections are {}", keys::sections().collect::<Vec<_>>().join(", ")),
                    };
                    self.problem(at, None, format!("there is no section [{}]", name.get_ref()), &remedy);
                }
                value => self.value(at, name.get_ref(), value),
            }
        }
    }

    fn section(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in in_order(table) {
            let at = name.span().start;
            match Table::of(Some(section), name.get_ref()) {
                Some(table) => self.tables(at, table, value.get_ref()),
                None => self.value(at, &format!("{section}.{}", name.get_ref()), value.get_ref()),
            }
        }
    }

    fn value(&mut self, at: usize, name: &str, value: &DeValue<'_>) {
        match keys::find(name) {
            Some(key) => {
                let entry = Entry { key: key.name, raw: raw_of(value), origin: self.origin(at) };
                self.content.entries.push(entry);
            }
            None => self.problem(at, Some(name), NO_SUCH_KEY.to_owned(), &remedy_for_unknown(name, keys::names())),
        }
    }

    fn tables(&mut self, at: usize, kind: Table, value: &DeValue<'_>) {
        let name = kind.name();
        let wrong = format!("{} are tables, one for each", kind.plural());
        let remedy = format!("write [[{name}]] with two brackets");
        let DeValue::Array(tables) = value else { return self.problem(at, Some(name), wrong, &remedy) };
        if tables.len() > kind.count_max() {
            let what = format!("there are {} {}", tables.len(), kind.plural());
            return self.problem(at, Some(name), what, &format!("write at most {}", kind.count_max()));
        }
        for value in tables {
            match value.get_ref() {
                DeValue::Table(table) => self.table(value.span().start, kind, table),
                _ => self.problem(value.span().start, Some(name), wrong.clone(), &remedy),
            }
        }
    }

    fn table(&mut self, at: usize, kind: Table, table: &DeTable<'_>) {
        let mut entries = Vec::new();
        let known = kind.keys();
        for (name, value) in in_order(table) {
            let origin = self.origin(name.span().start);
            match known.iter().find(|known| **known == name.get_ref()) {
                Some(key) => entries.push(Entry { key, raw: raw_of(value.get_ref()), origin }),
                None => {
                    let remedy = remedy_for_unknown(name.get_ref(), known.iter().copied());
                    let key = format!("{}.{}", kind.name(), name.get_ref());
                    self.problem(name.span().start, Some(&key), NO_SUCH_KEY.to_owned(), &remedy);
                }
            }
        }
        let origin = self.origin(at);
        self.content.tables.push(Repeated { table: kind, entries, origin });
    }

    fn problem(&mut self, at: usize, key: Option<&str>, what: String, remedy: &str) {
        let origin = self.origin(at);
        self.problems.push(Problem { origin, key: key.map(str::to_owned), what, remedy: remedy.to_owned() });
    }

    fn origin(&self, at: usize) -> Origin {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        Origin::File { path: self.path.to_owned(), line: Some(1 + before.iter().filter(|byte| **byte == b'\n').count()) }
    }
}

/// What is said about a name that no key has.
pub(super) const NO_SUCH_KEY: &str = "there is no such key";

/// What may have been meant by a name that is not known.
pub(super) fn remedy_for_unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(
        || "`chainbox config template` lists all keys".to_owned(),
        |known| format!("did you mean {known}? `chainbox config template` lists all keys"),
    )
}

/// A table's values in the order of the file: the parser keeps them by name.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t toml::Spanned<toml::de::DeString<'i>>, &'t toml::Spanned<DeValue<'i>>)> {
    let mut values: Vec<_> = table.iter().collect();
    values.sort_by_key(|(name, _)| name.span().start);
    values
}

fn raw_of(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(integer) => Raw::Integer { digits: integer.as_str().to_owned(), radix: integer.radix() },
        DeValue::Array(values) => Raw::List(values.iter().map(|value| raw_of(value.get_ref())).collect()),
        other => Raw::Other(other.type_str()),
    }
}
