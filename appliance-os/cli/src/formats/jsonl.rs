//! `jsonl`: a line of JSON an item.

use std::borrow::Cow;

use chainbox_engine::{
    batch::{Encoding, Input, OwnedItem, SM2_ID_BYTES_MAX, Shape},
    scheme::Scheme,
};
use serde::Deserialize;

use super::{Content, Entry, Expected, SM2_DEFAULT_ID, hex_text};

/// The bytes of a raw signature: where `encoding` is not told, this length means raw and every other one DER.
const RAW_SIGNATURE_BYTES: usize = 64;

/// The fields of a line. Those with other names are ignored.
#[derive(Deserialize)]
#[serde(expecting = "a JSON object was expected")]
struct Fields<'a> {
    #[serde(borrow)]
    scheme: Option<Text<'a>>,
    key: Option<Text<'a>>,
    message: Option<Text<'a>>,
    digest: Option<Text<'a>>,
    signature: Option<Text<'a>>,
    encoding: Option<Text<'a>>,
    id: Option<Text<'a>>,
    hint: Option<Text<'a>>,
    valid: Option<bool>,
}

/// A string that is borrowed from the line unless it holds escapes. (Derived code borrows a bare `Cow`, but not one in an `Option`.)
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads one line. `low_s` is the policy for ECDSA.
#[must_use]
pub fn parse(line: &[u8], number: u64, low_s: bool) -> Entry {
    if line.trim_ascii_start().first() != Some(&b'{') {
        return Entry::malformed(number, "a JSON object was expected: {\"scheme\": ..., \"key\": ..., ...}");
    }
    let fields = match serde_json::from_slice::<Fields<'_>>(line) {
        Ok(fields) => fields,
        Err(error) => return Entry::malformed(number, json_message(&error)),
    };
    let expected = fields.valid.map(|valid| Expected::Verdict { valid, reason: None });
    let content = signature(&fields, low_s).map_or_else(Content::malformed, Content::Signature);
    Entry { expected, ..Entry::new(number, content) }
}

/// What serde_json found, with its place in the line; the line within the line says nothing.
pub(super) fn json_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    let expected = if error.is_data() { "" } else { "JSON was expected: " };
    format!("{expected}{what} at column {}", error.column())
}

fn signature(fields: &Fields<'_>, low_s: bool) -> Result<OwnedItem, String> {
    let scheme: Scheme = required("scheme", &fields.scheme)?.parse().map_err(|error| format!("field \"scheme\": {error}"))?;
    let key = hex("key", required("key", &fields.key)?)?;
    let (input_kind, input) = input(fields)?;
    let signature = hex("signature", required("signature", &fields.signature)?)?;
    let encoding = encoding(fields, &signature)?;
    let shape = Shape { scheme, input: input_kind, encoding, low_s: low_s && scheme != Scheme::Sm2Sm3 };
    let id = id(fields, shape)?;
    let hint = fields.hint.as_ref().map_or(Ok(Vec::new()), |hint| hex("hint", &hint.0))?;
    Ok(OwnedItem { shape, key, input, signature, id, hint })
}

fn required<'a>(name: &str, field: &'a Option<Text<'_>>) -> Result<&'a str, String> {
    field.as_ref().map(|text| text.0.as_ref()).ok_or_else(|| format!("field {name:?} is missing"))
}

fn hex(name: &str, text: &str) -> Result<Vec<u8>, String> {
    hex_text::plain(text).map_err(|error| format!("field {name:?}: {error}"))
}

fn input(fields: &Fields<'_>) -> Result<(Input, Vec<u8>), String> {
    match (&fields.message, &fields.digest) {
        (Some(message), None) => Ok((Input::Message, hex("message", &message.0)?)),
        (None, Some(digest)) => {
            let digest = hex("digest", &digest.0)?;
            if digest.len() != 32 {
                return Err(format!("field \"digest\": 32 bytes were expected, not {}", digest.len()));
            }
            Ok((Input::Digest, digest))
        }
        (Some(_), Some(_)) => Err("either field \"message\" or field \"digest\" was expected, not both".to_owned()),
        (None, None) => Err("field \"message\" or field \"digest\" is missing".to_owned()),
    }
}

fn encoding(fields: &Fields<'_>, signature: &[u8]) -> Result<Encoding, String> {
    match fields.encoding.as_ref().map(|text| text.0.as_ref()) {
        None if signature.len() == RAW_SIGNATURE_BYTES => Ok(Encoding::Raw),
        None => Ok(Encoding::Der),
        Some("raw") => Ok(Encoding::Raw),
        Some("der") => Ok(Encoding::Der),
        Some(other) => Err(format!("field \"encoding\": \"raw\" or \"der\" was expected, not {other:?}")),
    }
}

fn id(fields: &Fields<'_>, shape: Shape) -> Result<Option<Vec<u8>>, String> {
    let Some(text) = &fields.id else {
        return Ok(shape.has_id().then(|| SM2_DEFAULT_ID.to_vec()));
    };
    if !shape.has_id() {
        let why = if shape.scheme == Scheme::Sm2Sm3 { "beside \"digest\", which covers it already" } else { "for this scheme" };
        return Err(format!("field \"id\" has no meaning {why}: drop it"));
    }
    let id = hex("id", &text.0)?;
    if id.len() > SM2_ID_BYTES_MAX {
        return Err(format!("field \"id\": at most {SM2_ID_BYTES_MAX} bytes were expected, not {}", id.len()));
    }
    Ok(Some(id))
}

#[cfg(test)]
mod tests;
