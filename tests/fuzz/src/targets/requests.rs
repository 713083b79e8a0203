//! Requests of the service: what is a batch is written back as a request that is the same batch, with a string an item in every column; what is to be
//! signed is written back as the same.

use chainbox_api::{
    convert::{self, signing},
    v1,
};
use chainbox_engine::{
    batch::{Batch, Input, RecoveryBatch, Shape},
    hash::Hash,
    scheme::Scheme,
};
use chainbox_hsm::{Payload, payload::Step, signer::SignRequest};
use prost::Message;

/// The first byte tells which request the others are.
pub(crate) fn run(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind % 4 {
        0 => verify(bytes),
        1 => recover(bytes),
        2 => digest(bytes),
        _ => sign(bytes),
    }
}

fn verify(bytes: &[u8]) {
    let Ok(request) = v1::VerifyRequest::decode(bytes) else { return };
    let Ok(batch) = convert::batch_of(request) else { return };
    for column in [batch.keys(), batch.signatures(), batch.hints()] {
        assert_eq!(column.len(), batch.len());
    }
    assert_eq!(batch.ids().len(), if batch.shape().has_id() { batch.len() } else { 0 });
    let again = convert::verify_request(&batch, 0..batch.len(), false);
    assert_eq!(convert::batch_of(again), Ok(batch));
}

fn recover(bytes: &[u8]) {
    let Ok(request) = v1::RecoverRequest::decode(bytes) else { return };
    let Ok(batch) = convert::recovery_batch_of(request) else { return };
    assert_eq!([batch.signatures().len(), batch.hints().len()], [batch.len(); 2]);
    assert_eq!(convert::recovery_batch_of(convert::recover_request(&batch, 0..batch.len())), Ok(batch));
}

fn digest(bytes: &[u8]) {
    let Ok(request) = v1::DigestRequest::decode(bytes) else { return };
    let Ok((hash, messages)) = convert::messages_of(request) else { return };
    let again = convert::digest_request(hash, &messages, 0..messages.len());
    assert_eq!(convert::messages_of(again), Ok((hash, messages)));
}

fn sign(bytes: &[u8]) {
    let Ok(request) = v1::SignRequest::decode(bytes) else { return };
    let items = request.items.len();
    let read: Vec<_> = signing::requests_of(request).collect();
    assert_eq!(read.len(), items);
    let requests: Vec<SignRequest> = read.into_iter().flatten().collect();
    let again: Vec<SignRequest> = signing::requests_of(signing::sign_request(&requests)).flatten().collect();
    assert_eq!(again, requests);
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let request = |kind: u8, message: Vec<u8>| [vec![kind], message].concat();
    let mut inputs = Vec::new();
    for scheme in Scheme::ALL {
        for shape in [Shape::messages(scheme), Shape::digests(scheme)] {
            let mut batch = Batch::new(shape);
            let item = super::workload(chainbox_workloads::Spec { input: shape.input, ..chainbox_workloads::Spec::new(scheme, 3) });
            item.iter().for_each(|item| item.item.push_into(&mut batch).expect("items are short"));
            inputs.push(request(0, convert::verify_request(&batch, 0..3, true).encode_to_vec()));
        }
    }
    let mut batch = RecoveryBatch::new(Input::Digest, true);
    batch.push_with_hint(&[1; 32], &[2; 65], &[4; 65]).expect("a digest of 32 bytes");
    inputs.push(request(1, convert::recover_request(&batch, 0..1).encode_to_vec()));
    inputs.push(request(2, convert::digest_request(Hash::Sm3, batch.signatures(), 0..1).encode_to_vec()));
    let payloads = [
        Payload::Vote { chain: "main".to_owned(), height: 7, round: 1, step: Step::Prevote, block: None },
        Payload::Block { chain: "main".to_owned(), height: 7, round: 1, block: [1; 32] },
        Payload::Transaction(vec![1; 9]),
        Payload::Opaque([2; 32]),
    ];
    let key: chainbox_hsm::Label = "validator".parse().expect("a label");
    let requests = payloads.map(|payload| SignRequest { key: key.clone(), payload });
    inputs.push(request(3, signing::sign_request(&requests).encode_to_vec()));
    inputs
}
