//! Copies in a guard's file, as they are and with a checksum that fits, and the file that moves a validator: what is read is written as it was.

use chainbox_engine::hash::sha256;
use chainbox_hsm::{
    guard::{Interchange, Last, Slot},
    payload::{Position, Step},
};

/// Bytes of a copy before its checksum.
const CHECKED: usize = 261;

pub(crate) fn run(data: &[u8]) {
    check(data);
    if data.len() >= CHECKED {
        check(&[&data[..CHECKED], &sha256(&data[..CHECKED])].concat());
    }
    if let Ok(read) = Interchange::parse(data) {
        let written = serde_json::to_vec(&read).expect("JSON");
        assert_eq!(Interchange::parse(&written).as_ref(), Ok(&read));
    }
}

fn check(data: &[u8]) {
    if let Ok(slot) = Slot::parse(data) {
        assert_eq!(slot.to_bytes(), data[..CHECKED + 32]);
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let position = Position { height: 7, round: 1, step: Step::Precommit };
    let slot =
        |last| Slot { sequence: 3, public_key: [4; 65], label: "validator".parse().expect("a label"), chain: "test-1".to_owned(), last };
    let lasts = [None, Some(Last { position, digest: None }), Some(Last { position, digest: Some([7; 32]) })];
    let key = format!(r#"{{"public_key":"{}","label":"a","chain":"test-1","height":77}}"#, "04".repeat(65));
    let file = format!(r#"{{"format":"chainbox-guard","version":1,"keys":[{key}]}}"#);
    lasts.into_iter().map(|last| slot(last).to_bytes()).chain([file.into_bytes()]).collect()
}
