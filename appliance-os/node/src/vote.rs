//! What signs this node's votes.

use std::{sync::Arc, time::Duration};

use chainbox_hsm::{
    Deadline, Label, Payload, Signer,
    signer::{Caller, SignRequest},
};

/// Signs votes. It blocks the thread that asks.
pub trait Voter: Send {
    /// The signature of a vote, r || s.
    ///
    /// # Errors
    /// Why there is none. The node asks again.
    fn sign(&mut self, payload: Payload) -> Result<[u8; 64], String>;
}

/// How long a signature may take.
const SIGN_TIME_MAX: Duration = Duration::from_secs(5);

/// Votes by a key of the box's signer, behind its roles and its double-vote guard.
pub struct SignerVoter {
    signer: Arc<dyn Signer>,
    label: Label,
    caller: Caller,
    runtime: tokio::runtime::Handle,
}

impl SignerVoter {
    /// Votes with the key of a label, as a caller whom the signer lets vote. The signer's futures run on `runtime`, on none of whose threads votes may be asked for.
    #[must_use]
    pub fn new(signer: Arc<dyn Signer>, label: Label, caller: Caller, runtime: tokio::runtime::Handle) -> Self {
        Self { signer, label, caller, runtime }
    }
}

impl Voter for SignerVoter {
    fn sign(&mut self, payload: Payload) -> Result<[u8; 64], String> {
        let request = SignRequest { key: self.label.clone(), payload };
        let answers = self.runtime.block_on(self.signer.sign(&self.caller, vec![request], Deadline::after(SIGN_TIME_MAX)));
        let signed = answers.into_iter().next().ok_or("the signer gave no answer")?;
        signed.map(|signed| signed.signature).map_err(|error| error.to_string())
    }
}
