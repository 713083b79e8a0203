//! A service that runs the chain of its data folder.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use bytes::Bytes;
use chainbox_api::v1::chain_server::ChainServer;
use chainbox_engine::{
    batch::Batch,
    transaction::native::{Body, Content},
};
use chainbox_node::{
    node::{Answer, Node, NodeOptions, Wait},
    rpc,
    verifier::{Verified, Verifier},
    vote::SignerVoter,
};
use chainbox_service::{Extend, Extension, Verification};
use tokio::runtime::Handle;

use super::{ChainFolder, Votes, Wallet};

/// The key of the entry that shows that a chain takes transactions.
const STARTED: &[u8] = b"started";

/// What is known of a chain once it runs.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) chain_id: u64,
    pub(crate) suite: &'static str,
    /// The first transaction that was confirmed after the start, where there is an account to send one.
    pub(crate) first: Option<First>,
}

/// The first transaction after a start.
#[derive(Clone, Debug)]
pub(crate) struct First {
    /// The height of its block.
    pub(crate) height: u64,
    /// How long its confirmation took, in milliseconds.
    pub(crate) confirmed_ms: f64,
    /// The account for development, which sent it.
    pub(crate) account: String,
}

struct ByService(Verification);

impl Verifier for ByService {
    fn verify(&self, source: u64, batch: Batch) -> Result<Verified, String> {
        let (verdicts, hints) = self.0.verify_and_hint(batch.from_source(source))?;
        Ok(Verified { verdicts, hints })
    }
}

/// Runs the chain of a folder in a service. What is known of it is put into `ran` once a first transaction is confirmed, which is before the service is ready.
/// Votes are signed with the key in the chain's folder, or by `votes`.
pub(crate) fn extension(folder: ChainFolder, options: NodeOptions, votes: Option<Votes>, ran: Arc<OnceLock<Ran>>) -> Extend {
    Box::new(move |verification| {
        let said = |error: crate::error::Error| error.to_string();
        let genesis = folder.rules().map_err(said)?;
        let votes = votes.map_or_else(|| folder.votes(&genesis), Ok).map_err(said)?;
        Handle::current().block_on(votes.check(&genesis)).map_err(said)?;
        let Votes { signer, label, caller } = votes;
        let development = folder.development(genesis.suite).map_err(said)?;
        let voter = Box::new(SignerVoter::new(signer, label, caller, Handle::current()));
        let (chain_id, suite) = (genesis.chain_id, genesis.suite.name());
        let mut progress = |height: u64, head: u64| {
            if height.is_multiple_of(1000) {
                tracing::info!(height, head, "blocks are executed again");
            }
        };
        let node = Node::start(folder.path(), genesis, options, Arc::new(ByService(verification)), voter, &mut progress)
            .map_err(|error| error.to_string())?;
        let first = development.map(|account| Handle::current().block_on(first_transaction(&node, &account))).transpose();
        let first = match first {
            Ok(first) => first,
            Err(reason) => {
                // What kept the transaction out is what is to be mended.
                let _ = node.close();
                return Err(reason);
            }
        };
        // Only one service has the cell.
        let _ = ran.set(Ran { chain_id, suite, first });
        let [of_routes, of_metrics, of_pages, of_health] = std::array::from_fn(|_| node.clone());
        Ok(Extension {
            // The bytes of a message are checked before it comes here.
            routes: Box::new(move |routes| {
                let server = ChainServer::new(rpc::Grpc::new(of_routes));
                routes.add_service(server.max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX))
            }),
            http: rpc::router(of_pages),
            metrics: Arc::new(move || rpc::metrics(&of_metrics)),
            unreadiness: Arc::new(move || of_health.problem().map(|problem| format!("the chain does not go on: {problem}"))),
            close: Box::new(move || node.close()),
        })
    })
}

/// Writes an entry of the development account, and waits until it is confirmed.
async fn first_transaction(node: &Node, wallet: &Wallet) -> Result<First, String> {
    let started = Instant::now();
    let genesis = node.genesis();
    let account = node.account(&wallet.address()).map_err(|error| error.to_string())?;
    let height = (node.height() + 1).to_string();
    let content = Content::Put { key: STARTED, value: height.as_bytes() };
    let body = Body {
        suite: genesis.suite,
        chain_id: genesis.chain_id,
        sender: wallet.key(),
        nonce: account.nonce,
        valid_until: u64::MAX,
        content,
    };
    let raw = wallet.sign(&body).await.map_err(|error| error.to_string())?;
    match node.submit(0, vec![Bytes::from(raw)], Wait::Confirmed).await.first() {
        Some(Answer::Confirmed { place, .. }) => {
            let confirmed_ms = started.elapsed().as_secs_f64() * 1e3;
            Ok(First { height: place.height, confirmed_ms, account: hex::encode(wallet.address()) })
        }
        Some(Answer::Refused(refusal)) => Err(format!("the chain refused its first transaction: {refusal}")),
        _ => Err("the chain stopped before its first transaction was confirmed".to_owned()),
    }
}
