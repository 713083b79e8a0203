//! A line of JSON: what is read from it can be written and read again, and the policy changes nothing but the shape.

use chainbox::formats::{Content, jsonl};
use chainbox_engine::{
    batch::{Encoding, Input, OwnedItem, Shape},
    scheme::Scheme,
};
use chainbox_workloads::{Hints, Kind, Spec};

use super::{entries, workload};

const LINE: u64 = 1;

pub(crate) fn run(data: &[u8]) {
    let entry = jsonl::parse(data, LINE, false);
    assert_eq!(entry.line, LINE);
    entries::check(b"", std::slice::from_ref(&entry));
    let strict = jsonl::parse(data, LINE, true);
    let Content::Signature(signature) = &entry.content else {
        assert_eq!(entry, strict);
        return;
    };

    assert_eq!(jsonl::parse(line(signature).as_bytes(), LINE, false).content, entry.content);
    let shape = Shape { low_s: signature.shape.scheme != Scheme::Sm2Sm3, ..signature.shape };
    assert_eq!(strict.content, Content::Signature(OwnedItem { shape, ..signature.clone() }));
}

/// The line that says all that there is to say of a signature.
fn line(signature: &OwnedItem) -> String {
    let OwnedItem { shape, key, input, signature, id, hint } = signature;
    let id = id.as_ref().map_or(String::new(), |id| format!(r#","id":"{}""#, hex::encode(id)));
    format!(
        r#"{{"scheme":"{}","key":"{}","{}":"{}","signature":"{}","encoding":"{}","hint":"{}"{id}}}"#,
        shape.scheme,
        hex::encode(key),
        if shape.input == Input::Message { "message" } else { "digest" },
        hex::encode(input),
        hex::encode(signature),
        if shape.encoding == Encoding::Raw { "raw" } else { "der" },
        hex::encode(hint),
    )
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for scheme in Scheme::ALL {
        for (input, encoding) in [(Input::Message, Encoding::Der), (Input::Digest, Encoding::Raw)] {
            let spec = Spec {
                input,
                encoding,
                hints: Hints::Parity,
                compressed: true,
                invalid_share: 0.5,
                invalid_kinds: vec![Kind::BadEncoding],
                ..Spec::new(scheme, 2)
            };
            inputs.extend(workload(spec).into_iter().map(|signed| line(&signed.item).into_bytes()));
        }
    }
    inputs
}
