//! Between messages and the signer's requests, both ways: the server reads requests and writes answers, the client the other way round.

use bytes::Bytes;
use chainbox_engine::hash::Digest;
use chainbox_hsm::{
    Algorithm, Error, KeyInfo, Kind, Label, Payload,
    payload::Step,
    signer::{SignRequest, Signed},
};

use super::{BadAnswer, Malformed, scheme_of_proto, scheme_to_proto};
use crate::v1::{self, sign_answer::Outcome, sign_item};

pairs!(
    algorithm_to_proto,
    algorithm_of_proto,
    "algorithm",
    Algorithm,
    v1::KeyAlgorithm,
    EcdsaSecp256k1 = EcdsaSecp256k1,
    EcdsaP256 = EcdsaP256,
    Sm2 = Sm2,
);
pairs!(
    kind_to_proto,
    kind_of_proto,
    "kind",
    Kind,
    v1::SignFailureKind,
    Library = Library,
    NoDevice = NoDevice,
    DeviceGone = DeviceGone,
    DeviceFull = DeviceFull,
    DeviceFailed = DeviceFailed,
    Crashed = Crashed,
    Pin = Pin,
    NoKey = NoKey,
    KeyExists = KeyExists,
    Unsupported = Unsupported,
    Refused = Refused,
    DoubleVote = DoubleVote,
    Storage = Storage,
    Busy = Busy,
    Deadline = Deadline,
    Input = Input,
);

/// What a request is, item by item: one that is malformed says so and is none of the others' business.
pub fn requests_of(request: v1::SignRequest) -> impl ExactSizeIterator<Item = Result<SignRequest, Error>> {
    request.items.into_iter().enumerate().map(|(index, item)| request_of(index, item))
}

fn request_of(index: usize, item: v1::SignItem) -> Result<SignRequest, Error> {
    let fault = |what: String, remedy: &str| Error::new(Kind::Input, format!("item {index}"), what).remedy(remedy);
    let digest = |field: &str, bytes: &[u8]| {
        Digest::try_from(bytes).map_err(|_| fault(format!("{field} has {} bytes", bytes.len()), "send 32 bytes"))
    };
    let key = item.key.parse().map_err(|error| fault(format!("{error}"), "name a key that ListKeys lists"))?;
    let payload = match item.payload {
        None => return Err(fault("it has no payload that this server knows".to_owned(), "set one of the fields of `payload`")),
        Some(sign_item::Payload::Vote(vote)) => Payload::Vote {
            step: match vote.step() {
                v1::VoteStep::Prevote => Step::Prevote,
                v1::VoteStep::Precommit => Step::Precommit,
                v1::VoteStep::Unspecified => return Err(fault("the vote has no step".to_owned(), "set `step` to prevote or precommit")),
            },
            block: if vote.block.is_empty() { None } else { Some(digest("vote.block", &vote.block)?) },
            chain: vote.chain,
            height: vote.height,
            round: vote.round,
        },
        Some(sign_item::Payload::Block(block)) => {
            Payload::Block { block: digest("block.block", &block.block)?, chain: block.chain, height: block.height, round: block.round }
        }
        Some(sign_item::Payload::Transaction(bytes)) => Payload::Transaction(bytes.into()),
        Some(sign_item::Payload::Tls(bytes)) => Payload::Tls(bytes.into()),
        Some(sign_item::Payload::Audit(audit)) => Payload::Audit { records: audit.records, head: digest("audit.head", &audit.head)? },
        Some(sign_item::Payload::Opaque(bytes)) => Payload::Opaque(digest("opaque", &bytes)?),
    };
    Ok(SignRequest { key, payload })
}

/// The request with these items.
#[must_use]
pub fn sign_request(requests: &[SignRequest]) -> v1::SignRequest {
    let item = |request: &SignRequest| v1::SignItem { key: request.key.to_string(), payload: payload_to_proto(&request.payload) };
    v1::SignRequest { items: requests.iter().map(item).collect() }
}

/// `None` for a vote in the step of a proposal, which is no vote and has no form here.
fn payload_to_proto(payload: &Payload) -> Option<sign_item::Payload> {
    let bytes = |digest: &Digest| Bytes::copy_from_slice(digest);
    Some(match payload {
        Payload::Vote { chain, height, round, step, block } => sign_item::Payload::Vote(v1::VotePayload {
            chain: chain.clone(),
            height: *height,
            round: *round,
            step: match step {
                Step::Propose => return None,
                Step::Prevote => v1::VoteStep::Prevote,
                Step::Precommit => v1::VoteStep::Precommit,
            }
            .into(),
            block: block.as_ref().map(bytes).unwrap_or_default(),
        }),
        Payload::Block { chain, height, round, block } => {
            sign_item::Payload::Block(v1::BlockPayload { chain: chain.clone(), height: *height, round: *round, block: bytes(block) })
        }
        Payload::Transaction(transaction) => sign_item::Payload::Transaction(transaction.clone().into()),
        Payload::Tls(message) => sign_item::Payload::Tls(message.clone().into()),
        Payload::Audit { records, head } => sign_item::Payload::Audit(v1::AuditPayload { records: *records, head: bytes(head) }),
        Payload::Opaque(digest) => sign_item::Payload::Opaque(bytes(digest)),
    })
}

/// The response with these answers.
#[must_use]
pub fn sign_response(answers: Vec<Result<Signed, Error>>) -> v1::SignResponse {
    let outcome = |answer: Result<Signed, Error>| match answer {
        Ok(Signed { signature, scheme, public_key }) => Outcome::Signed(v1::Signed {
            signature: Bytes::copy_from_slice(&signature),
            scheme: scheme_to_proto(scheme).into(),
            public_key: Bytes::copy_from_slice(&public_key),
        }),
        Err(Error { kind, place, what, remedy }) => {
            Outcome::Failure(v1::SignFailure { kind: kind_to_proto(kind).into(), place, message: what, remedy })
        }
    };
    v1::SignResponse { answers: answers.into_iter().map(|answer| v1::SignAnswer { outcome: Some(outcome(answer)) }).collect() }
}

/// The answers of a response for `items` items.
///
/// # Errors
/// [`BadAnswer`] where there is not one answer an item, or one that is none.
pub fn signed_of(response: v1::SignResponse, items: usize) -> Result<Vec<Result<Signed, Error>>, BadAnswer> {
    if response.answers.len() != items {
        return Err(BadAnswer(format!("{} answers for {items} items", response.answers.len())));
    }
    response.answers.into_iter().map(|answer| outcome_of(answer.outcome)).collect()
}

fn outcome_of(outcome: Option<Outcome>) -> Result<Result<Signed, Error>, BadAnswer> {
    match outcome {
        None => Err(BadAnswer("an answer says nothing".to_owned())),
        Some(Outcome::Signed(signed)) => Ok(Ok(Signed {
            signature: array("signature", &signed.signature)?,
            scheme: scheme_of_proto(signed.scheme).map_err(|error| BadAnswer(error.to_string()))?,
            public_key: array("public_key", &signed.public_key)?,
        })),
        Some(Outcome::Failure(failure)) => Ok(Err(Error {
            // A kind that this client does not know is one that a newer server knows: a failure, in any case.
            kind: kind_of_proto(failure.kind).unwrap_or(Kind::DeviceFailed),
            place: failure.place,
            what: failure.message,
            remedy: failure.remedy,
        })),
    }
}

/// A key as a message has it.
#[must_use]
pub fn key_to_proto(key: &KeyInfo) -> v1::SigningKey {
    v1::SigningKey {
        key: key.label.to_string(),
        algorithm: algorithm_to_proto(key.algorithm).into(),
        public_key: Bytes::copy_from_slice(&key.public_key),
    }
}

/// A key of a response.
///
/// # Errors
/// [`BadAnswer`] where it is none.
pub fn key_of_proto(key: Option<v1::SigningKey>) -> Result<KeyInfo, BadAnswer> {
    let key = key.ok_or_else(|| BadAnswer("there is no key in it".to_owned()))?;
    Ok(KeyInfo {
        algorithm: algorithm_of_proto(key.algorithm).map_err(|error: Malformed| BadAnswer(error.to_string()))?,
        public_key: array("public_key", &key.public_key)?,
        label: key.key.parse::<Label>().map_err(|error| BadAnswer(error.to_string()))?,
    })
}

fn array<const N: usize>(field: &str, bytes: &[u8]) -> Result<[u8; N], BadAnswer> {
    bytes.try_into().map_err(|_| BadAnswer(format!("{field} has {} bytes and not {N}", bytes.len())))
}

#[cfg(test)]
mod tests {
    use chainbox_engine::scheme::Scheme;

    use super::*;

    fn request(payload: Payload) -> SignRequest {
        SignRequest { key: "validator".parse().unwrap(), payload }
    }

    fn every_payload() -> Vec<SignRequest> {
        let vote = |step, block| Payload::Vote { chain: "main".to_owned(), height: u64::MAX, round: 7, step, block };
        [
            vote(Step::Prevote, None),
            vote(Step::Precommit, Some([1; 32])),
            Payload::Block { chain: "main".to_owned(), height: 9, round: 0, block: [2; 32] },
            Payload::Transaction(vec![3; 100]),
            Payload::Tls(vec![4; 130]),
            Payload::Audit { records: 5, head: [5; 32] },
            Payload::Opaque([6; 32]),
        ]
        .map(request)
        .into()
    }

    #[test]
    fn requests_go_there_and_back() {
        let requests = every_payload();
        let read: Vec<_> = requests_of(sign_request(&requests)).map(Result::unwrap).collect();
        assert_eq!(read, requests);
    }

    #[test]
    fn a_malformed_item_names_itself_and_harms_no_other() {
        let mut message = sign_request(&every_payload()[..3]);
        message.items[1].key = String::new();
        message.items.push(v1::SignItem { key: "a".to_owned(), payload: None });
        message.items.push(v1::SignItem { key: "a".to_owned(), payload: Some(sign_item::Payload::Opaque(vec![0; 31].into())) });
        message.items.push(v1::SignItem { key: "a".to_owned(), payload: Some(sign_item::Payload::Vote(v1::VotePayload::default())) });
        let read: Vec<_> = requests_of(message).collect();
        assert!(read[0].is_ok() && read[2].is_ok());
        for (index, part) in [(1, "no label"), (3, "no payload"), (4, "opaque has 31 bytes"), (5, "no step")] {
            let error = read[index].as_ref().unwrap_err();
            assert_eq!((error.kind, &*error.place), (Kind::Input, &*format!("item {index}")));
            assert!(error.what.contains(part) && !error.remedy.is_empty(), "{error}");
        }
    }

    #[test]
    fn a_vote_in_the_step_of_a_proposal_has_no_form() {
        let vote = Payload::Vote { chain: "main".to_owned(), height: 1, round: 0, step: Step::Propose, block: None };
        assert_eq!(requests_of(sign_request(&[request(vote)])).next().unwrap().unwrap_err().kind, Kind::Input);
    }

    #[test]
    fn answers_go_there_and_back_and_wrong_ones_are_none() {
        let signed = Signed { signature: [1; 64], scheme: Scheme::Sm2Sm3, public_key: [4; 65] };
        let failed = Error::new(Kind::DoubleVote, "guard", "height 9 was voted on").remedy("none");
        let answers = vec![Ok(signed), Err(failed)];
        assert_eq!(signed_of(sign_response(answers.clone()), 2), Ok(answers.clone()));
        assert!(signed_of(sign_response(answers.clone()), 1).unwrap_err().to_string().contains("2 answers for 1 items"));
        let mut short = sign_response(answers.clone());
        if let Some(Outcome::Signed(signed)) = &mut short.answers[0].outcome {
            signed.signature.truncate(63);
        }
        assert!(signed_of(short, 2).unwrap_err().to_string().contains("signature has 63 bytes"));
        let mut unknown = sign_response(answers);
        if let Some(Outcome::Failure(failure)) = &mut unknown.answers[1].outcome {
            failure.kind = 1000;
        }
        assert_eq!(signed_of(unknown, 2).unwrap()[1].as_ref().unwrap_err().kind, Kind::DeviceFailed);
        assert!(outcome_of(None).is_err());
    }

    #[test]
    fn keys_go_there_and_back() {
        for algorithm in Algorithm::ALL {
            let key = KeyInfo { label: "a key".parse().unwrap(), algorithm, public_key: [4; 65] };
            assert_eq!(key_of_proto(Some(key_to_proto(&key))), Ok(key));
        }
        assert!(key_of_proto(None).is_err());
        assert!(key_of_proto(Some(v1::SigningKey::default())).is_err());
    }
}
