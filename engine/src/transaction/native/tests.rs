use super::*;

const SENDER: [u8; 65] = [4; 65];
const SIGNATURE: [u8; 64] = [9; 64];

fn body(content: Content<'_>) -> Body<'_> {
    Body { suite: Suite::Sm, chain_id: 7, sender: &SENDER, nonce: 3, valid_until: u64::MAX, content }
}

/// One of each kind, with the shortest and the longest fields.
fn contents() -> Vec<Content<'static>> {
    const PAYLOAD: &[u8] = &[5; 1000];
    vec![
        Content::Transfer { to: &[1; 20], amount: 1 },
        Content::Transfer { to: &[0; 20], amount: u128::MAX },
        Content::Record { digest: &[2; 32], media_type: "application/pdf", payload: PAYLOAD },
        Content::Record { digest: &[2; 32], media_type: "x", payload: &[] },
        Content::Put { key: &[0], value: &[] },
        Content::Put { key: &[7; ENTRY_KEY_BYTES_MAX], value: &[8; ENTRY_VALUE_BYTES_MAX] },
        Content::Remove { key: b"key" },
        Content::Permit { account: &[3; 20], may_send: false },
        Content::Permit { account: &[3; 20], may_send: true },
    ]
}

#[test]
fn what_is_written_is_read() {
    for content in contents() {
        for suite in Suite::ALL {
            let body = Body { suite, ..body(content) };
            let raw = body.with_signature(&SIGNATURE).unwrap();
            let transaction = Transaction::decode(&raw).unwrap();
            assert_eq!((transaction.body, transaction.signature), (body, &SIGNATURE));
            assert_eq!(transaction.signed, body.signed_part().unwrap());
            assert!(raw.len() <= TRANSACTION_BYTES_MAX);
            // The signed part alone says all but the payload.
            let (mut alone, payload_bytes) = Body::decode(transaction.signed).unwrap();
            assert_eq!(payload_bytes, raw.len() - transaction.signed.len() - SIGNATURE_BYTES);
            if let (Content::Record { payload, .. }, Content::Record { payload: whole, .. }) = (&mut alone.content, content) {
                *payload = whole;
            }
            assert_eq!(alone, body);
            assert_eq!(Body::decode(&raw[..transaction.signed.len() + 1]), Err(Refusal::Trailing(1)));
        }
    }
    let largest = Content::Record { digest: &[0; 32], media_type: &"m".repeat(MEDIA_TYPE_BYTES_MAX), payload: &vec![0; PAYLOAD_BYTES_MAX] };
    let raw = body(largest).with_signature(&SIGNATURE).unwrap();
    assert_eq!(raw.len(), TRANSACTION_BYTES_MAX);
    assert_eq!(Transaction::decode(&raw).unwrap().body.content, largest);
}

/// Every prefix ends within a field, and nothing may follow.
#[test]
fn neither_less_nor_more_is_a_transaction() {
    for content in contents() {
        let raw = body(content).with_signature(&SIGNATURE).unwrap();
        for end in (0..raw.len()).rev().take(200).chain(0..raw.len().min(300)) {
            assert!(matches!(Transaction::decode(&raw[..end]), Err(Refusal::Truncated(_))), "{content:?} {end}");
        }
        let longer = [&raw[..], &[0; 3]].concat();
        assert_eq!(Transaction::decode(&longer), Err(Refusal::Trailing(3)));
    }
}

/// One encoding for what a transaction says: whatever is read is written as it was read.
#[test]
fn changed_bytes_are_refused_or_say_something_else() {
    for content in contents() {
        let raw = body(content).with_signature(&SIGNATURE).unwrap();
        let original = Transaction::decode(&raw).unwrap();
        for place in 0..raw.len().min(400) {
            for change in [1, 0x80, 0xff] {
                let mut changed = raw.clone();
                changed[place] ^= change;
                if let Ok(transaction) = Transaction::decode(&changed) {
                    assert_ne!(transaction, original, "{content:?} {place}");
                    assert_eq!(transaction.body.with_signature(transaction.signature).unwrap(), changed);
                }
            }
        }
    }
}

#[test]
fn each_field_is_checked() {
    let raw = body(contents()[0]).with_signature(&SIGNATURE).unwrap();
    let with = |place: usize, byte: u8| {
        let mut raw = raw.clone();
        raw[place] = byte;
        Transaction::decode(&raw).unwrap_err()
    };
    assert_eq!(with(0, 2), Refusal::Version(2));
    assert_eq!(with(1, 0), Refusal::Suite(0));
    assert_eq!(with(10, 2), Refusal::SenderForm(2));
    assert_eq!(with(HEAD_BYTES - 1, 6), Refusal::Kind(6));
    assert_eq!(with(HEAD_BYTES - 1, 0), Refusal::Kind(0));
    let zero = Content::Transfer { to: &[1; 20], amount: 0 };
    assert_eq!(body(zero).signed_part(), Err(Refusal::AmountZero));
    let mut raw_zero = raw.clone();
    raw_zero[HEAD_BYTES + 20..HEAD_BYTES + 36].fill(0);
    assert_eq!(Transaction::decode(&raw_zero), Err(Refusal::AmountZero));
    let flag = body(contents()[8]).with_signature(&SIGNATURE).unwrap();
    let mut wrong_flag = flag.clone();
    wrong_flag[HEAD_BYTES + 20] = 2;
    assert_eq!(Transaction::decode(&wrong_flag), Err(Refusal::Flag(2)));
}

#[test]
fn lengths_have_limits_in_both_directions() {
    let refused = |content: Content<'_>, field: Field| {
        let result = body(content).signed_part();
        assert!(matches!(result, Err(Refusal::Length { field: found, .. }) if found == field), "{result:?}");
    };
    refused(Content::Put { key: &[], value: &[] }, Field::EntryKey);
    refused(Content::Put { key: &[0; ENTRY_KEY_BYTES_MAX + 1], value: &[] }, Field::EntryKey);
    refused(Content::Put { key: &[0], value: &[0; ENTRY_VALUE_BYTES_MAX + 1] }, Field::EntryValue);
    refused(Content::Remove { key: &[] }, Field::EntryKey);
    refused(Content::Record { digest: &[0; 32], media_type: "", payload: &[] }, Field::MediaType);
    refused(Content::Record { digest: &[0; 32], media_type: &"m".repeat(101), payload: &[] }, Field::MediaType);
    refused(Content::Record { digest: &[0; 32], media_type: "m", payload: &vec![0; PAYLOAD_BYTES_MAX + 1] }, Field::Payload);
    for media_type in ["a b", "a\n", "é"] {
        let result = body(Content::Record { digest: &[0; 32], media_type, payload: &[] }).signed_part();
        assert_eq!(result, Err(Refusal::MediaType));
    }
    // The same from the bytes: an empty key, one that is too long, a payload that is too long.
    let raw = body(Content::Remove { key: b"key" }).with_signature(&SIGNATURE).unwrap();
    for length in [0, ENTRY_KEY_BYTES_MAX as u8 + 1] {
        let mut raw = [&raw[..], &[0; 200]].concat();
        raw[HEAD_BYTES] = length;
        assert!(matches!(Transaction::decode(&raw), Err(Refusal::Length { field: Field::EntryKey, .. })));
    }
    let mut raw = body(Content::Record { digest: &[0; 32], media_type: "m", payload: &[] }).with_signature(&SIGNATURE).unwrap();
    raw[HEAD_BYTES + 34..HEAD_BYTES + 38].copy_from_slice(&(PAYLOAD_BYTES_MAX as u32 + 1).to_be_bytes());
    assert!(matches!(Transaction::decode(&raw), Err(Refusal::Length { field: Field::Payload, .. })));
}

/// The identity and the signature cover the digest of the payload, not the payload.
#[test]
fn a_payload_is_bound_by_its_digest() {
    let payload = b"a document";
    let digest = Suite::Sm.scheme().hash().digest(payload);
    let record = |payload| body(Content::Record { digest: &digest, media_type: "text/plain", payload }).with_signature(&SIGNATURE).unwrap();
    let raw = record(payload);
    let other = record(b"b document");
    let (transaction, other) = (Transaction::decode(&raw).unwrap(), Transaction::decode(&other).unwrap());
    assert_eq!((transaction.id(), transaction.signed), (other.id(), other.signed));
    assert_eq!((transaction.payload_fits(), other.payload_fits()), (true, false));
    let raw = record(b"");
    assert!(Transaction::decode(&raw).unwrap().payload_fits());
}
