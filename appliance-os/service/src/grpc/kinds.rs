//! The three things that can be asked, each once alone and once on a stream.

use chainbox_api::{
    convert::{self, Malformed},
    v1,
};

use crate::work::{Answer, Payload};

/// A kind of request.
pub trait Kind {
    /// The method that takes one.
    const METHOD: &'static str;
    /// The method that takes a stream of them.
    const STREAM_METHOD: &'static str;
    /// A request.
    type Request: Send + 'static;
    /// The response to it.
    type Response: Send + 'static;
    /// A request on a stream.
    type Tagged: Send + 'static;
    /// The response to it.
    type TaggedResponse: Send + 'static;

    /// The items that a request claims to have.
    fn items(request: &Self::Request) -> usize;

    /// What is asked.
    fn payload(request: Self::Request) -> Result<Payload, Malformed>;

    /// The response with an answer; `None` for an answer to something else.
    fn response(answer: &Answer) -> Option<Self::Response>;

    /// The tag of a request on a stream, and the request, which may be missing.
    fn untag(tagged: Self::Tagged) -> (u64, Option<Self::Request>);

    /// The response to a request with this tag.
    fn tag(tag: u64, outcome: Result<Self::Response, v1::Refusal>) -> Self::TaggedResponse;
}

/// Verification.
pub enum Verify {}

/// Recovery of keys.
pub enum Recover {}

/// Digests.
pub enum Digest {}

/// The parts of a [`Kind`] that differ in their names alone.
macro_rules! messages {
    ($method:literal, $request:ident, $response:ident, $tagged:ident, $tagged_response:ident, $outcome:ident) => {
        const METHOD: &'static str = $method;
        const STREAM_METHOD: &'static str = concat!($method, "Stream");
        type Request = v1::$request;
        type Response = v1::$response;
        type Tagged = v1::$tagged;
        type TaggedResponse = v1::$tagged_response;

        fn untag(tagged: Self::Tagged) -> (u64, Option<Self::Request>) {
            (tagged.tag, tagged.request)
        }

        fn tag(tag: u64, outcome: Result<Self::Response, v1::Refusal>) -> Self::TaggedResponse {
            let outcome = outcome.map_or_else(v1::$outcome::Outcome::Refusal, v1::$outcome::Outcome::Response);
            v1::$tagged_response { tag, outcome: Some(outcome) }
        }
    };
}

impl Kind for Verify {
    messages!("Verify", VerifyRequest, VerifyResponse, VerifyStreamRequest, VerifyStreamResponse, verify_stream_response);

    fn items(request: &v1::VerifyRequest) -> usize {
        convert::strings_of(request.inputs.as_ref())
    }

    fn payload(request: v1::VerifyRequest) -> Result<Payload, Malformed> {
        let want_hints = request.want_hints;
        Ok(Payload::Verify { batch: convert::batch_of(request)?, want_hints })
    }

    fn response(answer: &Answer) -> Option<v1::VerifyResponse> {
        let Answer::Verified { verdicts, hints } = answer else { return None };
        Some(convert::verify_response(verdicts, hints.as_deref()))
    }
}

impl Kind for Recover {
    messages!("Recover", RecoverRequest, RecoverResponse, RecoverStreamRequest, RecoverStreamResponse, recover_stream_response);

    fn items(request: &v1::RecoverRequest) -> usize {
        convert::strings_of(request.inputs.as_ref())
    }

    fn payload(request: v1::RecoverRequest) -> Result<Payload, Malformed> {
        convert::recovery_batch_of(request).map(Payload::Recover)
    }

    fn response(answer: &Answer) -> Option<v1::RecoverResponse> {
        let Answer::Recovered(recovered) = answer else { return None };
        Some(convert::recover_response(recovered.verdicts.as_slice(), &recovered.keys))
    }
}

impl Kind for Digest {
    messages!("Digest", DigestRequest, DigestResponse, DigestStreamRequest, DigestStreamResponse, digest_stream_response);

    fn items(request: &v1::DigestRequest) -> usize {
        convert::strings_of(request.messages.as_ref())
    }

    fn payload(request: v1::DigestRequest) -> Result<Payload, Malformed> {
        let (hash, messages) = convert::messages_of(request)?;
        Ok(Payload::Digest { hash, messages })
    }

    fn response(answer: &Answer) -> Option<v1::DigestResponse> {
        let Answer::Digests(digests) = answer else { return None };
        Some(convert::digest_response(digests))
    }
}
