//! `verify` on raw Ethereum transactions.

use serde_json::{Value, json};

use crate::run::{Run, verify};

/// The example of EIP-155: chain 1, secret key 0x4646...46.
pub const RAW: &str = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
const SENDER: &str = "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f";
const HASH: &str = "0x33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788";
/// The first transaction on the main chain (block 46147), from before EIP-155.
const FRONTIER: &str = "f86780862d79883d2000825208945df9b87991262f6ba471f09758cde1c0fc1de734827a69801ca088ff6cf0fefd94db46111149ae4bfc179e9b94721fffd821d38d16464b3f71d0a045e0aff800961cfce805daef7016b9b675c137a6a41a548f7b60a3484c06a33a";
const FRONTIER_SENDER: &str = "0xa1e4380a3b1f749673e270229993ee55f35663b4";
const FRONTIER_HASH: &str = "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060";

fn only(run: &Run) -> Value {
    let (mut answers, _) = run.json();
    assert_eq!(answers.len(), 1, "{run:?}");
    answers.remove(0)
}

#[test]
fn hash_and_sender_are_given() {
    for (raw, sender, hash) in [(RAW, SENDER, HASH), (FRONTIER, FRONTIER_SENDER, FRONTIER_HASH)] {
        for line in [raw.to_owned(), format!("0x{raw}"), format!("  0x{}\r\n", raw.to_uppercase())] {
            let run = verify("--json", line);
            let expected = json!({"index": 0, "line": 1, "valid": true, "reason": null, "hash": hash, "sender": sender});
            assert_eq!((run.code, only(&run)), (0, expected));
        }
    }
    let human = verify("", RAW);
    assert!(human.stdout.starts_with(&format!("stdin:1: valid; hash {HASH}; sender {SENDER}\n1 item: 1 valid")), "{human:?}");
}

#[test]
fn policies_name_chains() {
    let cases = [
        (RAW, "--chain-id 1", None),
        (RAW, "--chain-id 2", Some("chain-id")),
        (RAW, "--require-chain-id", None),
        (FRONTIER, "--chain-id 1", None),
        (FRONTIER, "--require-chain-id", Some("chain-id-missing")),
        (FRONTIER, "--chain-id 1 --require-chain-id", Some("chain-id-missing")),
    ];
    for (raw, options, reason) in cases {
        let run = verify(&format!("--json {options}"), raw);
        assert_eq!((run.code, only(&run)["reason"].as_str()), (i32::from(reason.is_some()), reason), "{options}");
    }
}

#[test]
fn high_s_is_refused() {
    // n - s in place of s, and the other parity: the same signer, were it not for EIP-2.
    let low = "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
    let high = "98341627668089e51348fccfb4c7ff31c55912f2d2e47ef09652acf665fad3be";
    let run = verify("--json", RAW.replace(low, high).replace("8025a028ef", "8026a028ef"));
    assert_eq!((run.code, &only(&run)["reason"]), (1, &json!("low-s-policy")));
    assert_eq!(only(&run)["sender"], Value::Null);
}

#[test]
fn what_is_no_transaction_is_invalid_and_what_is_no_hex_is_malformed() {
    let run = verify("--json --format eth-tx", "00\n0x\nc0\nzz\n\"\n");
    let (answers, summary) = run.json();
    assert_eq!((run.code, &summary["invalid"], &summary["malformed"]), (2, &json!(3), &json!(2)), "{run:?}");
    for answer in &answers {
        assert_eq!((&answer["hash"], &answer["sender"]), (&Value::Null, &Value::Null), "{answer}");
        assert!(answer.as_object().unwrap().contains_key("hash"));
    }
}

#[test]
fn rows_are_compared_with_what_they_expect() {
    let rows = [
        format!("{RAW},{SENDER},{HASH}"),
        format!("0x{RAW},{},{}", SENDER[2..].to_uppercase(), &HASH[2..]),
        format!("{RAW},{FRONTIER_SENDER},{HASH}"),
        format!("{RAW},{SENDER},{FRONTIER_HASH}"),
        format!("{RAW},,"),
        format!("00,{SENDER},{HASH}"),
        format!("{RAW},nobody,{HASH}"),
    ];
    let run = verify("--json", format!("raw,sender,hash\n{}\n", rows.join("\n")));
    let (answers, summary) = run.json();
    let matches: Vec<_> = answers.iter().map(|answer| answer["matches"].as_bool()).collect();
    assert_eq!(matches, [Some(true), Some(true), Some(false), Some(false), None, Some(false), None]);
    assert_eq!((&summary["mismatches"], &summary["malformed"], &answers[0]["line"]), (&json!(3), &json!(1), &json!(2)));
    assert_eq!(answers[2]["expected_sender"], json!(FRONTIER_SENDER));
    // The verdict is on the bytes alone.
    assert_eq!((&answers[2]["valid"], &answers[2]["sender"]), (&json!(true), &json!(SENDER)));
    assert_eq!(run.code, 2);
    assert_eq!(verify("", format!("raw,sender,hash\n{}\n", rows[..2].join("\n"))).code, 0);
    assert_eq!(verify("", format!("raw,sender,hash\n{}\n", rows[2])).code, 1);
}

#[test]
fn another_header_is_refused_with_its_line() {
    let run = verify("", format!("\nraw,sender,hash,block\n{RAW},,,1\n"));
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with("chainbox: stdin:2: the header raw,sender,hash was expected"), "{run:?}");
}
