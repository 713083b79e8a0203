//! The three questions that a server answers, each alone or on a stream.

use std::pin::Pin;

use chainbox_engine::{backend::Hint, hash::Digest, verdict::Verdict};
use tonic::{Request, Response, Status, Streaming, codegen::tokio_stream::Stream, transport::Channel};

use crate::{
    convert::{self, BadAnswer},
    v1::{self, Refusal, verification_client::VerificationClient},
};

/// A future of a call, which owns all it needs.
pub(super) type Calling<T> = Pin<Box<dyn Future<Output = Result<T, Status>> + Send>>;

/// One of the questions.
pub(super) trait Call: Send + Sync + 'static {
    type Request: Clone + Send + Sync + 'static;
    type Response: Default + Send + 'static;
    type StreamRequest: Send + 'static;
    type StreamResponse: Send + 'static;
    /// What the responses to the parts of a batch become.
    type Answers: Default + Send;

    fn call(client: VerificationClient<Channel>, request: Request<Self::Request>) -> Calling<Response<Self::Response>>;

    fn open<S>(client: VerificationClient<Channel>, requests: Request<S>) -> Calling<Response<Streaming<Self::StreamResponse>>>
    where
        S: Stream<Item = Self::StreamRequest> + Send + 'static;

    fn tagged(tag: u64, request: Self::Request) -> Self::StreamRequest;

    /// The tag of a response and what it says; `None` where it says nothing.
    fn outcome(response: Self::StreamResponse) -> (u64, Option<Result<Self::Response, Refusal>>);

    /// Appends what a response says of `items` items.
    fn append(answers: &mut Self::Answers, response: &Self::Response, items: usize) -> Result<(), BadAnswer>;
}

/// What differs between the questions only by names of messages and methods.
macro_rules! calls {
    ($request:ident, $response:ident, $stream_request:ident, $stream_response:ident, $outcome:ident, $call:ident, $stream:ident) => {
        type Request = v1::$request;
        type Response = v1::$response;
        type StreamRequest = v1::$stream_request;
        type StreamResponse = v1::$stream_response;

        fn call(mut client: VerificationClient<Channel>, request: Request<Self::Request>) -> Calling<Response<Self::Response>> {
            Box::pin(async move { client.$call(request).await })
        }

        fn open<S>(mut client: VerificationClient<Channel>, requests: Request<S>) -> Calling<Response<Streaming<Self::StreamResponse>>>
        where
            S: Stream<Item = Self::StreamRequest> + Send + 'static,
        {
            Box::pin(async move { client.$stream(requests).await })
        }

        fn tagged(tag: u64, request: Self::Request) -> Self::StreamRequest {
            v1::$stream_request { tag, request: Some(request) }
        }

        fn outcome(response: Self::StreamResponse) -> (u64, Option<Result<Self::Response, Refusal>>) {
            let outcome = response.outcome.map(|outcome| match outcome {
                v1::$outcome::Outcome::Response(response) => Ok(response),
                v1::$outcome::Outcome::Refusal(refusal) => Err(refusal),
            });
            (response.tag, outcome)
        }
    };
}

/// Verification of signatures.
pub(super) enum Verify {}

impl Call for Verify {
    calls!(VerifyRequest, VerifyResponse, VerifyStreamRequest, VerifyStreamResponse, verify_stream_response, verify, verify_stream);

    type Answers = (Vec<Verdict>, Vec<Option<Hint>>);

    fn append((all_verdicts, all_hints): &mut Self::Answers, response: &Self::Response, items: usize) -> Result<(), BadAnswer> {
        let (verdicts, hints) = convert::verdicts_of(response, items)?;
        all_verdicts.extend_from_slice(verdicts.as_slice());
        all_hints.extend(hints);
        Ok(())
    }
}

/// Recovery of keys.
pub(super) enum Recover {}

impl Call for Recover {
    calls!(RecoverRequest, RecoverResponse, RecoverStreamRequest, RecoverStreamResponse, recover_stream_response, recover, recover_stream);

    type Answers = (Vec<Verdict>, Vec<[u8; 64]>);

    fn append((all_verdicts, all_keys): &mut Self::Answers, response: &Self::Response, items: usize) -> Result<(), BadAnswer> {
        let recovered = convert::recovered_of(response, items)?;
        all_verdicts.extend_from_slice(recovered.verdicts.as_slice());
        all_keys.extend(recovered.keys);
        Ok(())
    }
}

/// Digests of messages.
pub(super) enum Digests {}

impl Call for Digests {
    calls!(DigestRequest, DigestResponse, DigestStreamRequest, DigestStreamResponse, digest_stream_response, digest, digest_stream);

    type Answers = Vec<Digest>;

    fn append(answers: &mut Self::Answers, response: &Self::Response, items: usize) -> Result<(), BadAnswer> {
        answers.extend(convert::digests_of(response, items)?);
        Ok(())
    }
}
