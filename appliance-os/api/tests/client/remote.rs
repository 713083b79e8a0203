//! The server as a back end.

use std::{sync::mpsc, thread};

use chainbox_api::client::{Error, Options, Remote};
use chainbox_engine::backend::{Backend as _, Fault as BackendFault, contract, known_answers};
use tokio::runtime::{Builder, Runtime};
use tonic::Code;

use super::{Server, options, server::Fault, signatures};

/// A server on a runtime of its own, as in another process.
fn server() -> (Runtime, Server) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Server::tcp());
    (runtime, server)
}

/// Batches beyond a message, so that streams answer as well as single calls.
#[test]
fn a_remote_back_end_keeps_the_contract() {
    let (_runtime, server) = server();
    let options = Options { message_items_max: 4000, message_bytes_max: 1 << 19, ..Options::default() };
    let remote = Remote::connect(&server.address, options).unwrap();
    assert_eq!(remote.name(), "remote");
    let report = contract::check(&remote).unwrap();
    assert!(report.items > 10_000);
    let seen = server.seen();
    assert!(seen.iter().any(|seen| seen.stream == 0) && seen.iter().any(|seen| seen.stream > 0));
}

#[test]
fn many_threads_ask_at_once() {
    let (_runtime, server) = server();
    let remote = Remote::connect(&server.address, options()).unwrap();
    server.script((0..200).map(|index| (index % 40 == 17).then_some(Fault::Cut)));
    thread::scope(|scope| {
        for seed in 0..8 {
            let remote = &remote;
            scope.spawn(move || {
                for items in [1, 30] {
                    let (batch, expected) = signatures(items, seed);
                    assert_eq!(remote.verify(&batch).unwrap().as_slice(), expected);
                }
            });
        }
    });
}

#[test]
fn an_error_is_a_fault_that_names_the_server() {
    let (_runtime, server) = server();
    let remote = Remote::connect(&server.address, options()).unwrap();
    server.script([Some(Fault::Status(Code::Internal))]);
    let fault = remote.verify(&signatures(1, 0).0).unwrap_err();
    let BackendFault::Device { backend, what } = fault else { panic!("{fault:?}") };
    assert!(backend == "remote" && what.contains(&server.address.to_string()), "{what}");
    // The next batch is another matter.
    known_answers::check(&remote).unwrap();
}

#[test]
fn nobody_there_is_an_error_at_once() {
    let error = Remote::connect(&"unix:/nowhere/chainbox.sock".parse().unwrap(), Options::default()).unwrap_err();
    assert!(matches!(error, Error::CannotConnect { .. }), "{error:?}");
}

/// As a service does that is itself a client: dropped on a thread of a runtime.
#[test]
fn it_may_be_dropped_in_async_code() {
    let (runtime, server) = server();
    let remote = Remote::connect(&server.address, options()).unwrap();
    let (sender, dropped) = mpsc::channel();
    runtime.spawn(async move {
        drop(remote);
        sender.send(()).unwrap();
    });
    dropped.recv_timeout(super::HANG).unwrap();
}
