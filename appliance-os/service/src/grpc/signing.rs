//! The methods of `chainbox.v1.Signing`: who asks is looked up, messages become requests of the signer, answers become messages.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chainbox_api::{convert::signing as convert, v1};
use chainbox_hsm::{
    Deadline, Error, Kind, Label, Role, Signer as _,
    signer::{Caller, Signed},
};
use tonic::{Code, Request, Response, Status};
use tracing::{debug, error};

use super::{call_of, note_refusal, status};
use crate::{
    metrics::Metrics,
    signing::{Crowded, Desk},
    transport::call::{self, Call},
};

/// When a client that found no room may try again: some signatures later.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// What answers the calls.
#[derive(Clone)]
pub struct Grpc {
    /// What signs; `None` where nothing does.
    pub desk: Option<Arc<Desk>>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// A call of somebody who may sign.
struct Allowed<'a> {
    desk: &'a Desk,
    call: Arc<Call>,
    caller: Caller,
    deadline: Deadline,
}

impl Grpc {
    /// Whether the caller may sign at all, and until when an answer is of use.
    fn allow<T>(&self, call: Arc<Call>, request: &Request<T>) -> Result<Allowed<'_>, Status> {
        let desk = self.desk.as_deref().ok_or_else(|| {
            Status::failed_precondition("nothing signs here: the operator sets hsm.device in the settings, and starts the service again")
        })?;
        let caller = Caller(call.source.name.clone());
        if !call.source.is_named || !desk.knows(&caller) {
            let text = format!(
                "{} may not sign: the operator gives it sign_keys and sign_roles in its [[source]] of the settings",
                call.source.name
            );
            return Err(Status::permission_denied(text));
        }
        let time_max = desk.limits().time_max;
        let time = call::timeout(request.metadata().as_ref()).map_or(time_max, |time| time.min(time_max));
        Ok(Allowed { desk, call, caller, deadline: Deadline::after(time) })
    }

    /// Answers a call, counts it, and writes it to the log.
    async fn answer<Q, A>(
        &self,
        method: &'static str,
        request: Request<Q>,
        answer: impl AsyncFnOnce(&Self, &Allowed<'_>, Q) -> Result<A, Status>,
    ) -> Result<Response<A>, Status> {
        let begin = Instant::now();
        let call = call_of(&request)?;
        let answered = match self.allow(Arc::clone(&call), &request) {
            Ok(allowed) => answer(self, &allowed, request.into_inner()).await,
            Err(status) => Err(status),
        };
        call.note();
        match answered {
            Ok(answer) => {
                self.metrics.request(method, status::name(Code::Ok), begin.elapsed());
                debug!(request_id = &*call.request_id, source = &*call.source.name, method, us = begin.elapsed().as_micros(), "answered");
                Ok(Response::new(answer))
            }
            Err(status) => {
                note_refusal(&self.metrics, &call, method, begin.elapsed(), &status);
                Err(status)
            }
        }
    }

    async fn sign_items(&self, allowed: &Allowed<'_>, request: v1::SignRequest) -> Result<v1::SignResponse, Status> {
        let begin = Instant::now();
        let desk = allowed.desk;
        let _admitted = desk.admit(allowed.call.source.id, request.items.len()).map_err(|crowded| match crowded {
            Crowded::Request { .. } => status::too_large(&crowded.to_string()),
            Crowded::InFlight { .. } => status::busy(&crowded.to_string(), RETRY_AFTER),
        })?;
        // What is malformed keeps its place; all else goes to the signer together.
        let mut requests = Vec::with_capacity(request.items.len());
        let subjects = convert::requests_of(request).map(|item| {
            item.map(|request| {
                let subject = (desk.scheme(&request.key), request.payload.role());
                requests.push(request);
                subject
            })
        });
        let subjects: Vec<Result<(_, Role), Error>> = subjects.collect();
        let mut signed = desk.signer().sign(&allowed.caller, requests, allowed.deadline).await.into_iter();
        let answers = subjects.into_iter().map(|subject| match subject {
            Ok((scheme, role)) => {
                let answer = signed.next().unwrap_or_else(|| Err(missing(desk.device())));
                self.metrics.signed(scheme, Some(role), answer.as_ref().err().map(|error| error.kind));
                note_grave(allowed, answer.as_ref().err());
                answer
            }
            Err(error) => {
                self.metrics.signed(None, None, Some(error.kind));
                Err(error)
            }
        });
        let answers: Vec<Result<Signed, Error>> = answers.collect();
        self.metrics.sign_duration.observe(begin.elapsed().as_secs_f64());
        Ok(convert::sign_response(answers))
    }

    async fn one_key(&self, allowed: &Allowed<'_>, request: v1::PublicKeyRequest) -> Result<v1::PublicKeyResponse, Status> {
        let label: Label = request.key.parse().map_err(|error| Status::invalid_argument(format!("key: {error}")))?;
        if !allowed.desk.may_use(&allowed.caller, &label) {
            return Err(Status::not_found(format!(
                "{} may use no key {:?}: ListKeys lists those that it may",
                allowed.caller.0,
                label.as_str()
            )));
        }
        let key = allowed.desk.signer().key(&label, allowed.deadline).await.map_err(|error| status_of(&error))?;
        Ok(v1::PublicKeyResponse { key: Some(convert::key_to_proto(&key)) })
    }

    async fn all_keys(&self, allowed: &Allowed<'_>, _request: v1::ListKeysRequest) -> Result<v1::ListKeysResponse, Status> {
        let keys = allowed.desk.signer().keys(allowed.deadline).await.map_err(|error| status_of(&error))?;
        let keys = keys.iter().filter(|key| allowed.desk.may_use(&allowed.caller, &key.label)).map(convert::key_to_proto);
        Ok(v1::ListKeysResponse { keys: keys.collect(), items_max: allowed.desk.limits().request_items_max as u32 })
    }
}

/// Writes to the log what an operator must see whoever asked.
fn note_grave(allowed: &Allowed<'_>, failed: Option<&Error>) {
    if let Some(failed) = failed.filter(|failed| matches!(failed.kind, Kind::DoubleVote | Kind::Storage)) {
        let (request_id, source) = (&*allowed.call.request_id, &*allowed.caller.0);
        error!(request_id, source, kind = failed.kind.name(), reason = %failed, "not signed");
    }
}

fn missing(device: &str) -> Error {
    Error::new(Kind::DeviceFailed, device, "the signer gave no answer to this item")
}

/// What a call ends with that has one answer, where there is none.
fn status_of(error: &Error) -> Status {
    let code = match error.kind {
        Kind::NoKey => Code::NotFound,
        Kind::Refused | Kind::DoubleVote => Code::PermissionDenied,
        Kind::Input => Code::InvalidArgument,
        Kind::KeyExists => Code::AlreadyExists,
        Kind::Unsupported => Code::Unimplemented,
        Kind::Deadline => Code::DeadlineExceeded,
        Kind::Library | Kind::NoDevice | Kind::Pin | Kind::Storage => Code::FailedPrecondition,
        Kind::DeviceGone | Kind::DeviceFull | Kind::DeviceFailed | Kind::Crashed | Kind::Busy => Code::Unavailable,
    };
    Status::new(code, error.to_string())
}

#[tonic::async_trait]
impl v1::signing_server::Signing for Grpc {
    async fn sign(&self, request: Request<v1::SignRequest>) -> Result<Response<v1::SignResponse>, Status> {
        self.answer("Sign", request, Self::sign_items).await
    }

    async fn public_key(&self, request: Request<v1::PublicKeyRequest>) -> Result<Response<v1::PublicKeyResponse>, Status> {
        self.answer("PublicKey", request, Self::one_key).await
    }

    async fn list_keys(&self, request: Request<v1::ListKeysRequest>) -> Result<Response<v1::ListKeysResponse>, Status> {
        self.answer("ListKeys", request, Self::all_keys).await
    }
}
