//! The engine's known answers: a fixed text of items and of the answers that they must get. It is checked in beside the engine's
//! back ends and made by `cargo run -p chainbox-workloads --bin known-answers > engine/src/backend/known_answers.txt`.

use std::fmt::Write as _;

use chainbox_engine::{
    batch::{Encoding, Input},
    scheme::Scheme,
};

use crate::{Hints, Kind, SM2_DEFAULT_ID, SignedItem, Spec, Workload};

/// What the text says of itself.
const HEADER: &str = "\
# Known answers: items that a back end must answer like this before it is used.
# Made by: cargo run -p chainbox-workloads --bin known-answers > engine/src/backend/known_answers.txt
#
# An item a line, its fields between single spaces, bytes in hex, no bytes as a dash:
#   scheme, `message` or `digest`, `raw` or `der`, key, the message or digest, signature, id, and `valid` or the reason's name.
# The id has a meaning for SM2 over messages, where a dash is the empty id; elsewhere it is a dash.
";

/// Lengths of messages in bytes: about the block edges of SHA-256, SM3 (64) and Keccak-256 (136), and beyond.
const MESSAGE_BYTES: [usize; 14] = [0, 1, 32, 55, 56, 63, 64, 65, 119, 128, 135, 136, 137, 300];

/// Ids of SM2 signers: the default one, the empty one, that of GB/T 32918.2's example, and one that is not text.
const IDS: [&[u8]; 4] = [SM2_DEFAULT_ID, b"", b"ALICE123@YAHOO.COM", &[0xff; 70]];

/// One kind for each reason that an item without the policy `low-s` can get.
const KINDS: [Kind; 9] = [
    Kind::BadEncoding,
    Kind::RTooLarge,
    Kind::SZero,
    Kind::BadKey,
    Kind::OffCurve,
    Kind::Identity,
    Kind::RIdentity,
    Kind::FlippedBit,
    Kind::RPlusSZero,
];

/// The whole text, of each scheme one invalid item for each reason and twice as many valid ones.
#[must_use]
pub fn text() -> String {
    let mut text = HEADER.to_owned();
    for scheme in Scheme::ALL {
        for item in items(scheme) {
            writeln!(text, "{}", line(&item)).expect("a string takes all that is written");
        }
    }
    text
}

/// The items of a scheme, each by a signer of its own; every third is invalid.
fn items(scheme: Scheme) -> Vec<SignedItem> {
    let fits = |kind: &Kind| kind.fits(Spec::new(scheme, 1).shape());
    let kinds = KINDS.iter().copied().filter(fits);
    kinds.flat_map(|kind| [None, None, Some(kind)]).enumerate().map(|(index, kind)| item(scheme, index, kind)).collect()
}

/// Item number `index`: the low bits of the number choose its form.
fn item(scheme: Scheme, index: usize, kind: Option<Kind>) -> SignedItem {
    let spec = Spec {
        input: if index & 1 == 0 { Input::Message } else { Input::Digest },
        encoding: if index & 2 == 0 { Encoding::Raw } else { Encoding::Der },
        compressed: index & 4 != 0,
        invalid_share: if kind.is_some() { 1.0 } else { 0.0 },
        invalid_kinds: kind.into_iter().collect(),
        message_bytes: MESSAGE_BYTES[index / 2 % MESSAGE_BYTES.len()],
        id: IDS[index / 2 % IDS.len()].to_vec(),
        hints: Hints::None,
        seed: index as u64,
        ..Spec::new(scheme, 1)
    };
    Workload::new(spec).expect("a spec that can be made").item(0)
}

fn line(signed: &SignedItem) -> String {
    let item = &signed.item;
    let bytes = |bytes: &[u8]| if bytes.is_empty() { "-".to_owned() } else { hex::encode(bytes) };
    [
        item.shape.scheme.name(),
        item.shape.input.name(),
        item.shape.encoding.name(),
        &bytes(&item.key),
        &bytes(&item.input),
        &bytes(&item.signature),
        &bytes(item.id.as_deref().unwrap_or_default()),
        signed.expected().reason().map_or("valid", |reason| reason.name()),
    ]
    .join(" ")
}
