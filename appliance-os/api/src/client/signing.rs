//! A service as a signer: its keys are used from here, and stay where they are.

use std::time::Duration;

use chainbox_hsm::{
    Algorithm, Deadline, Error as SignError, KeyInfo, Kind, Label, PublicKey, Signer,
    device::Capabilities,
    signer::{Caller, Reply, SignRequest, Signed},
};
use futures_util::future::BoxFuture;
use tonic::{Code, transport::Channel};

use super::{Address, Client, Error, Options};
use crate::{
    convert::signing as convert,
    v1::{self, signing_client::SigningClient},
};

impl Client {
    /// Signs with keys of the server: one answer an item, in order. Asking again is safe, so what may help is tried again, for so long.
    ///
    /// # Errors
    /// [`Error`] where no item has an answer.
    pub async fn sign(&self, requests: &[SignRequest], time_max: Duration) -> Result<Vec<Result<Signed, SignError>>, Error> {
        let call = |request| {
            let mut client = self.signing();
            Box::pin(async move { client.sign(request).await }) as _
        };
        let response = self.shared.ask(convert::sign_request(requests), time_max, call).await?;
        convert::signed_of(response, requests.len()).map_err(|error| self.shared.bad_answer(error))
    }

    /// A key of the server by its label.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Refused`] with [`Code::NotFound`] where this client may use no key of that name.
    pub async fn public_key(&self, label: &Label, time_max: Duration) -> Result<KeyInfo, Error> {
        let call = |request| {
            let mut client = self.signing();
            Box::pin(async move { client.public_key(request).await }) as _
        };
        let response: v1::PublicKeyResponse = self.shared.ask(v1::PublicKeyRequest { key: label.to_string() }, time_max, call).await?;
        convert::key_of_proto(response.key).map_err(|error| self.shared.bad_answer(error))
    }

    /// The keys that this client may use, and the most items of one request.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn signing_keys(&self, time_max: Duration) -> Result<(Vec<KeyInfo>, usize), Error> {
        let call = |request| {
            let mut client = self.signing();
            Box::pin(async move { client.list_keys(request).await }) as _
        };
        let response: v1::ListKeysResponse = self.shared.ask(v1::ListKeysRequest {}, time_max, call).await?;
        let keys = response.keys.into_iter().map(|key| convert::key_of_proto(Some(key))).collect::<Result<_, _>>();
        Ok((keys.map_err(|error| self.shared.bad_answer(error))?, response.items_max as usize))
    }

    fn signing(&self) -> SigningClient<Channel> {
        SigningClient::new(self.shared.channel())
    }
}

/// A service as a [`Signer`]: what it may sign is what the service lets this client sign. Keys are neither made nor destroyed from here.
#[derive(Clone)]
pub struct RemoteSigner {
    client: Client,
    items_max: usize,
}

impl RemoteSigner {
    /// Connects, and asks which keys there are.
    ///
    /// # Errors
    /// [`Error`] where nobody answers there, or this client may not sign.
    pub async fn connect(address: &Address, options: Options) -> Result<Self, Error> {
        let time_max = options.deadline;
        let client = Client::connect(address, options).await?;
        let (_, items_max) = client.signing_keys(time_max).await?;
        Ok(Self { client, items_max: items_max.max(1) })
    }

    /// The client behind it.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    fn unsupported<T>(&self, what: &str) -> Result<T, SignError> {
        let error = SignError::new(Kind::Unsupported, self.client.address().to_string(), format!("{what} is not done over the network"));
        Err(error.remedy("run `chainbox hsm` on the machine of the device"))
    }
}

/// What a signer says where its service has no answer.
fn sign_error(label: Option<&Label>, error: &Error) -> SignError {
    let kind = match error {
        Error::Deadline { .. } => Kind::Deadline,
        Error::CannotConnect { .. } | Error::Broken { .. } => Kind::DeviceGone,
        Error::Refused { code, retry_after, .. } => match code {
            Code::PermissionDenied | Code::Unauthenticated => Kind::Refused,
            Code::NotFound => Kind::NoKey,
            Code::InvalidArgument | Code::OutOfRange => Kind::Input,
            Code::ResourceExhausted if retry_after.is_none() => Kind::Input,
            Code::ResourceExhausted | Code::Unavailable => Kind::Busy,
            Code::DeadlineExceeded => Kind::Deadline,
            _ => Kind::DeviceFailed,
        },
        Error::NotChainbox { .. } => Kind::NoDevice,
        _ => Kind::DeviceFailed,
    };
    SignError::new(kind, label.map_or_else(|| "the signing service".to_owned(), |label| format!("key {label}")), error.to_string())
}

impl Signer for RemoteSigner {
    /// The server takes the caller for whom the certificate of this client names, so that one here has no meaning there.
    fn sign<'a>(
        &'a self,
        _caller: &'a Caller,
        requests: Vec<SignRequest>,
        deadline: Deadline,
    ) -> BoxFuture<'a, Vec<Result<Signed, SignError>>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(requests.len());
            for part in requests.chunks(self.items_max) {
                match self.client.sign(part, deadline.left()).await {
                    Ok(signed) => answers.extend(signed),
                    Err(error) => answers.extend(part.iter().map(|request| Err(sign_error(Some(&request.key), &error)))),
                }
            }
            answers
        })
    }

    fn key<'a>(&'a self, label: &'a Label, deadline: Deadline) -> Reply<'a, KeyInfo> {
        Box::pin(async move { self.client.public_key(label, deadline.left()).await.map_err(|error| sign_error(Some(label), &error)) })
    }

    fn keys(&self, deadline: Deadline) -> Reply<'_, Vec<KeyInfo>> {
        Box::pin(async move {
            let (keys, _) = self.client.signing_keys(deadline.left()).await.map_err(|error| sign_error(None, &error))?;
            Ok(keys)
        })
    }

    fn generate<'a>(&'a self, _label: &'a Label, _algorithm: Algorithm, _deadline: Deadline) -> Reply<'a, PublicKey> {
        Box::pin(async { self.unsupported("the making of keys") })
    }

    fn destroy<'a>(&'a self, _label: &'a Label, _deadline: Deadline) -> Reply<'a, ()> {
        Box::pin(async { self.unsupported("the destruction of keys") })
    }

    fn random(&self, _bytes: usize, _deadline: Deadline) -> Reply<'_, Vec<u8>> {
        Box::pin(async { self.unsupported("the drawing of random bytes") })
    }

    /// What the keys tell that this client may use.
    fn capabilities(&self, deadline: Deadline) -> Reply<'_, Capabilities> {
        Box::pin(async move {
            let keys = self.keys(deadline).await?;
            let has = |algorithm: &Algorithm| keys.iter().any(|key| key.algorithm == *algorithm);
            Ok(Capabilities {
                description: format!("the signing service at {}", self.client.address()),
                algorithms: Algorithm::ALL.into_iter().filter(has).collect(),
                generates: false,
                destroys: false,
                sessions_max: 1,
                batch_max: self.items_max,
            })
        })
    }
}
