//! The commented file of settings.

use std::fmt::Write;

use super::{
    InForce, Origin, Settings, SigningKey,
    keys::{self, Draft, KEYS, Key},
    kind::Kind,
    tables::{self, SIGNING_KEY_TABLE, SIGNING_KEYS, SOURCE_KEYS, SOURCE_TABLE},
    value::quoted,
};

/// Characters of a line of comment.
const LINE_CHARACTERS_MAX: usize = 100;

/// The data folder of a service that the system starts.
const DATA: &str = "/var/lib/chainbox";

const HEAD: &str = "\
# The settings of Chainbox. Every key stands here with its default, or with an example where it has
# none, behind a # which turns it off.
#
# A variable of the environment wins over this file, a flag over both: grpc.listen is
# CHAINBOX_GRPC_LISTEN and --set grpc.listen=ADDRESS. `chainbox config check` shows what is in force
# and what is wrong. Keys marked (reload) are applied on SIGHUP, the others on the next start.
";

/// The template. Values in force that are no defaults stand in it as set; with none given, every key is commented out.
#[must_use]
pub fn template(in_force: &[InForce]) -> String {
    let mut draft = Draft::of(Settings::with_data(DATA.into()));
    let mut text = HEAD.to_owned();
    let mut last = None;
    for key in KEYS {
        let (section, name) = keys::section_of(key.name);
        if section != last {
            let _ = write!(text, "\n[{}]\n", section.unwrap_or_default());
            last = section;
        }
        let set = in_force.iter().find(|row| row.key == key.name && row.origin != Origin::Default).and_then(|row| row.value.as_deref());
        let default = key.kind.show(&mut draft);
        describe(&mut text, key);
        match set {
            Some(value) => writeln!(text, "{name} = {value}"),
            None => writeln!(text, "#{name} = {}", default.unwrap_or_else(|| written(key, key.example.unwrap_or_default()))),
        }
        .unwrap_or_default();
    }
    comment(
        &mut text,
        "Clients that are known by name, a table for each. Others have the limits above, or no access where tls.client_authorities is set.",
        "\n# ",
    );
    table(&mut text, SOURCE_TABLE, &mut tables::source_of(&draft.settings), SOURCE_KEYS);
    comment(&mut text, "Keys that may sign, a table for each. Whatever else is on the device is not used.", "\n# ");
    table(&mut text, SIGNING_KEY_TABLE, &mut SigningKey::default(), SIGNING_KEYS);
    text
}

/// Writes a table that may stand many times.
fn table<T>(text: &mut String, name: &str, target: &mut T, keys: &[Key<T>]) {
    let _ = writeln!(text, "#[[{name}]]");
    for key in keys {
        describe(text, key);
        let default = key.kind.show(target).unwrap_or_default();
        let value = match (key.example, default.starts_with('[')) {
            (Some(example), true) => format!("[{}]", quoted(example)),
            (Some(example), false) => written(key, example),
            (None, _) => default,
        };
        let _ = writeln!(text, "#{} = {value}", key.name);
    }
}

/// An example as the file has it: numbers as they are, all else in quotes.
fn written<T>(key: &Key<T>, example: &str) -> String {
    if matches!(key.kind, Kind::Number(..)) { example.to_owned() } else { quoted(example) }
}

/// Writes what a key means.
fn describe<T>(text: &mut String, key: &Key<T>) {
    let range = key.kind.range().map(|range| format!(" {range}.")).unwrap_or_default();
    let reload = if key.change == keys::Change::Reload { " (reload)" } else { "" };
    comment(text, &format!("{}{range}{reload}", key.text), "\n# ");
}

/// Writes a comment in lines that fit.
fn comment(text: &mut String, comment: &str, start: &str) {
    text.push_str(start);
    let mut length = 2;
    for (number, word) in comment.split(' ').enumerate() {
        if length + word.chars().count() >= LINE_CHARACTERS_MAX {
            text.push_str("\n# ");
            length = 2;
        } else if number > 0 {
            text.push(' ');
        }
        text.push_str(word);
        length += word.chars().count() + 1;
    }
    text.push('\n');
}
