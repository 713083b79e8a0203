//! The client against a server that misbehaves: every item gets exactly one verdict, or an error says what happened.

mod connections;
mod faults;
mod remote;
mod server;
mod streams;

use std::time::Duration;

use chainbox_api::client::{Client, Options, Retries};
use chainbox_engine::{
    batch::{Batch, ByteColumn, Input, RecoveryBatch},
    hash::Hash,
    scheme::Scheme,
    verdict::Verdict,
};
use chainbox_workloads::{Kind, SignedItem, Spec, Workload, batches};
use server::Server;

/// A test that takes longer hangs.
const HANG: Duration = Duration::from_secs(60);

/// Waits that keep tests short, and messages of a few items.
fn options() -> Options {
    Options {
        retries: Retries { tries_max: 4, wait_min: Duration::from_millis(1), wait_max: Duration::from_millis(4) },
        message_items_max: 4,
        messages_in_flight_max: 3,
        ..Options::default()
    }
}

async fn connect(server: &Server, options: Options) -> Client {
    Client::connect(&server.address, options).await.unwrap()
}

/// Signatures, of which some are invalid, and what is expected of them. Another seed makes other ones.
fn signatures(items: u64, seed: u64) -> (Batch, Vec<Verdict>) {
    let scheme = Scheme::EcdsaP256Sha256;
    let shape = Spec::new(scheme, items).shape();
    let spec = Spec { invalid_share: 0.5, invalid_kinds: Kind::all_for(shape), seed, ..Spec::new(scheme, items) };
    let items = Workload::new(spec).unwrap().items(0..items);
    let expected = items.iter().map(SignedItem::expected).collect();
    let batch = batches(&items).unwrap().pop().map_or_else(|| Batch::new(shape), |batch| batch.batch);
    (batch, expected)
}

/// Messages of distinct contents.
fn messages(count: u8) -> ByteColumn {
    let mut column = ByteColumn::new();
    (0..count).for_each(|index| column.push(&vec![index; usize::from(index) % 5]).unwrap());
    column
}

/// Signatures on digests that recover to some key, or to none.
fn recoverable(items: u8) -> RecoveryBatch {
    let mut batch = RecoveryBatch::new(Input::Digest, false);
    for index in 0..items {
        let mut signature = [index + 1; 65];
        signature[64] = index % 5;
        batch.push(&[index; 32], &signature).unwrap();
    }
    batch
}

fn digests(messages: &ByteColumn) -> Vec<[u8; 32]> {
    messages.iter().map(|message| Hash::Sm3.digest(message)).collect()
}
