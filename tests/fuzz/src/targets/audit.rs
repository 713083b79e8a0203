//! A line of the audit log, as it is and with a hash that fits: a record that is read is written so that it is read again, and one byte more or less is none.

use chainbox_engine::hash::sha256;
use chainbox_hsm::{
    Hex, Payload, Role,
    audit::{Event, Head, Record, Repair, Sign},
};

pub(crate) fn run(data: &[u8]) {
    check(data);
    let hash = sha256(&[&b"chainbox/audit-record/1\0"[..], data].concat());
    check(format!("{},\"hash\":\"{}\"}}", String::from_utf8_lossy(data), hex::encode(hash)).as_bytes());
}

fn check(line: &[u8]) {
    let Ok((record, _)) = Record::parse(line) else { return };
    let (written, hash) = record.to_line();
    assert_eq!(Record::parse(written.trim_end().as_bytes()), Ok((record, hash)));
    assert!(Record::parse(&line[..line.len() - 1]).is_err());
    assert!(Record::parse(&[line, b" "].concat()).is_err());
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let label = || "validator".parse().expect("a label");
    let vote = Sign {
        caller: "node".to_owned(),
        key: label(),
        role: Payload::Opaque([0; 32]).role(),
        chain: Some("test-1".to_owned()),
        height: Some(7),
        round: Some(0),
        step: None,
        block: Some(Hex([7; 32])),
        bytes: None,
        digest: Hex([8; 32]),
        result: "signed".to_owned(),
    };
    let head = Head {
        records: 1,
        hash: Hex([1; 32]),
        key: label(),
        scheme: "sm2-sm3".to_owned(),
        public_key: Hex([4; 65]),
        signature: Hex([5; 64]),
    };
    let repair = Repair { file: "audit-00000001.jsonl.torn-7".to_owned(), bytes: 9, sha256: Hex([3; 32]), records: 0 };
    let events = [Event::Sign(Box::new(Sign { role: Role::Vote, ..vote })), Event::Head(Box::new(head)), Event::Repair(repair)];
    let line = |event| Record { seq: 5, time_us: 1, prev: Hex([2; 32]), event }.to_line().0;
    // Whole, and without the hash that the target puts behind it.
    let pair = |line: String| [line.trim_end().to_owned(), line.rsplit_once(",\"hash\"").expect("a hash").0.to_owned()];
    events.into_iter().map(line).flat_map(pair).map(String::into_bytes).collect()
}
