//! What goes over the wire comes back, and what does not fit is refused with its place.

use chainbox_engine::batch::Item;

use super::*;

fn batch(shape: Shape, hint: &[u8]) -> Batch {
    let mut batch = Batch::new(shape);
    for (key, input) in [(&b"key"[..], [1; 32]), (b"another", [2; 32]), (b"", [3; 32])] {
        batch.push(Item { key, input: &input, signature: b"rs", id: shape.has_id().then_some(b"id"), hint }).unwrap();
    }
    batch
}

fn part(batch: &Batch, range: std::ops::Range<usize>) -> Batch {
    let mut part = Batch::new(batch.shape());
    part.extend_from(batch, range).unwrap();
    part
}

#[test]
fn batches_come_back() {
    for scheme in Scheme::ALL {
        for shape in [Shape::messages(scheme), Shape { encoding: Encoding::Der, low_s: true, ..Shape::digests(scheme) }] {
            for hint in [&b""[..], b"\x01"] {
                let batch = batch(shape, hint);
                for range in [0..3, 1..3, 2..2] {
                    assert_eq!(batch_of(verify_request(&batch, range.clone(), false)), Ok(part(&batch, range)));
                }
            }
        }
    }
}

#[test]
fn recovery_batches_come_back() {
    let mut batch = RecoveryBatch::new(Input::Message, true);
    batch.push(b"message", &[7; 65]).unwrap();
    batch.push_with_hint(b"", &[8; 65], b"key").unwrap();
    assert_eq!(recovery_batch_of(recover_request(&batch, 0..2)), Ok(batch));
}

#[test]
fn messages_come_back() {
    let messages = ByteColumn::from_lengths(b"abc".to_vec(), &[0, 3]).unwrap();
    for hash in Hash::ALL {
        assert_eq!(messages_of(digest_request(hash, &messages, 0..2)), Ok((hash, messages.clone())));
    }
}

#[test]
fn the_common_id_stands_in_for_absent_ids() {
    let batch = batch(Shape::messages(Scheme::Sm2Sm3), b"");
    let request = v1::VerifyRequest { ids: None, ..verify_request(&batch, 0..3, false) };
    assert_eq!(batch_of(request).unwrap().item(2).id, Some(SM2_DEFAULT_ID));
    // A column that is there and empty is an error of the client's, not the common id.
    let request = v1::VerifyRequest { ids: Some(v1::Column::default()), ..verify_request(&batch, 0..3, false) };
    assert!(batch_of(request).unwrap_err().to_string().contains("needs the signer's id"));
}

#[test]
fn what_does_not_fit_names_the_field() {
    let good = verify_request(&batch(Shape::digests(Scheme::EcdsaP256Sha256), b""), 0..3, false);
    let refused = |request| batch_of(request).unwrap_err().to_string();
    assert!(refused(v1::VerifyRequest { scheme: 0, ..good.clone() }).starts_with("scheme is 0"));
    assert!(refused(v1::VerifyRequest { input: 99, ..good.clone() }).starts_with("input is 99"));
    let column = |data: &'static [u8], lengths, width| Some(v1::Column { data: data.into(), lengths, width });
    let keys = |keys| refused(v1::VerifyRequest { keys, ..good.clone() });
    assert!(keys(column(b"abc", vec![1, 1], 0)).starts_with("the column of keys: its lengths add up to 2"));
    assert!(keys(column(b"abc", vec![3], 3)).starts_with("the column of keys has lengths and a width"));
    assert!(keys(None).starts_with("the column of keys has 0 strings for 3 items"));
}

#[test]
fn verdicts_and_hints_come_back() {
    let verdicts = [Verdict::Valid, Verdict::Invalid(Reason::Equation)];
    let hints = [Some([5; 32]), None];
    let response = verify_response(&verdicts, Some(&hints));
    assert!(!response.all_valid);
    assert_eq!(verdicts_of(&response, 2), Ok((verdicts.to_vec().into(), hints.to_vec())));
    assert_eq!(verdicts_of(&response, 3), Err(BadAnswer("2 verdicts for 3 items".to_owned())));
    let unknown = v1::VerifyResponse { verdicts: Bytes::from_static(&[1, 200]), ..v1::VerifyResponse::default() };
    assert!(!verdicts_of(&unknown, 2).unwrap().0.all());
}

#[test]
fn answers_that_are_too_short_are_refused() {
    let response = recover_response(&[Verdict::Valid], &[[9; 64]]);
    assert_eq!(recovered_of(&response, 1).unwrap().keys, [[9; 64]]);
    assert!(recovered_of(&v1::RecoverResponse { keys: Bytes::new(), ..response }, 1).is_err());
    assert_eq!(digests_of(&digest_response(&[[4; 32]]), 1), Ok(vec![[4; 32]]));
    assert!(digests_of(&digest_response(&[[4; 32]]), 2).is_err());
}

/// The enum of the proto file and the engine's list are one list.
#[test]
fn every_verdict_of_an_item_has_its_number_in_the_proto_file() {
    // Reasons of transactions begin at 32; no item of this interface has one.
    let reasons = Reason::ALL.iter().filter(|reason| (**reason as u8) < 32);
    for verdict in reasons.map(|reason| Verdict::Invalid(*reason)).chain([Verdict::Valid]) {
        let number = v1::Verdict::try_from(i32::from(verdict.code())).unwrap_or_else(|_| panic!("the proto file lacks {verdict:?}"));
        let name = verdict.reason().map_or("valid", Reason::name).replace('-', "_").to_uppercase();
        assert_eq!(number.as_str_name(), format!("VERDICT_{name}"));
    }
}

/// The server answers clients of the first version for ever: the bytes of their requests keep their meaning.
#[test]
fn the_bytes_of_version_1_keep_their_meaning() {
    use prost::Message as _;
    // scheme 3, input 2, encoding 1, low_s; keys "k", inputs 32 bytes of 0 by their width, signatures "sig".
    let mut request = vec![0x08, 3, 0x10, 2, 0x18, 1, 0x20, 1, 0x2a, 6, 0x0a, 1, b'k', 0x12, 1, 1, 0x32, 36, 0x0a, 32];
    request.extend([0; 32]);
    request.extend([0x18, 32, 0x3a, 8, 0x0a, 3, b's', b'i', b'g', 0x12, 1, 3]);
    let batch = batch_of(v1::VerifyRequest::decode(&request[..]).unwrap()).unwrap();
    assert_eq!(batch.shape(), Shape { low_s: true, ..Shape::digests(Scheme::EcdsaP256Sha256) });
    assert_eq!(batch.item(0), Item { key: b"k", input: &[0; 32], signature: b"sig", id: None, hint: b"" });
    let response = verify_response(&[Verdict::Valid, Verdict::Invalid(Reason::Equation)], None);
    assert_eq!(response.encode_to_vec(), [0x12, 2, 1, 12]);
}
