//! Streams without end: answers in order, nothing unbounded held, and a server that comes and goes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chainbox_api::client::{Error, Options};
use chainbox_engine::hash::Hash;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::timeout;
use tonic::Code;

use super::{HANG, Server, connect, digests, messages, options, recoverable, server::Fault, signatures};

/// Sizes of batches around those of a message, and none.
const SIZES: [u64; 8] = [1, 4, 0, 5, 8, 13, 0, 2];

#[tokio::test]
async fn each_batch_has_one_answer_in_order() {
    let server = Server::tcp().await;
    let client = connect(&server, options()).await;
    let batches: Vec<_> = SIZES.into_iter().zip(0..).map(|(items, seed)| signatures(items, seed)).collect();
    server.script([None, Some(Fault::Cut), None, None, Some(Fault::End), None, Some(Fault::Status(Code::Unavailable))]);
    let given = stream::iter(batches.iter().map(|(batch, _)| batch));
    let answers: Vec<_> = timeout(HANG, client.verify_stream(given, false).collect()).await.unwrap();
    assert_eq!(answers.len(), batches.len());
    for (answer, (_, expected)) in answers.into_iter().zip(&batches) {
        assert_eq!(answer.unwrap().0.as_slice(), expected);
    }
}

#[tokio::test]
async fn recovery_and_digests_stream_too() {
    let server = Server::tcp().await;
    let client = connect(&server, options()).await;
    let columns: Vec<_> = SIZES.into_iter().map(|items| messages(items as u8)).collect();
    let given = stream::iter(columns.clone());
    let answers: Vec<_> = timeout(HANG, client.digest_stream(Hash::Sm3, given).collect()).await.unwrap();
    assert_eq!(answers.into_iter().collect::<Result<Vec<_>, _>>().unwrap(), columns.iter().map(digests).collect::<Vec<_>>());

    let batches: Vec<_> = SIZES.into_iter().map(|items| Arc::new(recoverable(items as u8))).collect();
    let given = stream::iter(batches.clone().into_iter().map(|batch| (*batch).clone()));
    let answers: Vec<_> = timeout(HANG, client.recover_stream(given).collect()).await.unwrap();
    for (answer, batch) in answers.into_iter().zip(batches) {
        assert_eq!(answer.unwrap(), client.recover(&batch).await.unwrap());
    }
}

#[tokio::test]
async fn hints_come_where_they_are_wanted() {
    let server = Server::tcp().await;
    let client = connect(&server, Options { message_items_max: 64, ..options() }).await;
    let (batch, expected) = signatures(100, 0);
    let (verdicts, hints) = client.verify_and_hint(&batch).await.unwrap();
    assert_eq!((verdicts.as_slice(), hints.len()), (&expected[..], 100));
    assert!(hints.iter().any(Option::is_some));
    let invalid = expected.iter().zip(&hints).filter(|(verdict, _)| !verdict.is_valid());
    assert!(invalid.map(|(_, hint)| hint).all(Option::is_none));
    let mut without = Box::pin(client.verify_stream(stream::iter([&batch]), false));
    let (_, hints) = without.next().await.unwrap().unwrap();
    assert!(hints.iter().all(Option::is_none));
}

/// What a producer without end is asked for while nobody takes the answers, or takes them slowly.
#[tokio::test]
async fn no_more_is_taken_than_is_in_flight() {
    let server = Server::tcp().await;
    let client = connect(&server, options()).await;
    let (batch, expected) = signatures(4, 0);
    let (given, taken) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let endless = {
        let given = Arc::clone(&given);
        stream::repeat(batch).inspect(move |_| {
            given.fetch_add(1, Ordering::SeqCst);
        })
    };
    let mut answers = Box::pin(client.verify_stream(endless, false));
    for _ in 0..50 {
        let answer = timeout(HANG, answers.next()).await.unwrap().unwrap();
        assert_eq!(answer.unwrap().0.as_slice(), expected);
        taken.fetch_add(1, Ordering::SeqCst);
        // Three in flight, and one that waits.
        let held = given.load(Ordering::SeqCst) - taken.load(Ordering::SeqCst);
        assert!(held <= 4, "{held} batches are held");
    }
    drop(answers);
    assert!(server.seen().len() <= 54);
}

#[tokio::test]
async fn a_producer_that_pauses_keeps_its_stream_and_outlives_the_server() {
    let server = Server::tcp().await;
    let client = connect(&server, options()).await;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let mut answers = Box::pin(client.verify_stream(tokio_stream::wrappers::ReceiverStream::new(receiver), false));
    for round in 0..4 {
        let (batch, expected) = signatures(6, round);
        sender.send(batch).await.unwrap();
        let answer = timeout(HANG, answers.next()).await.unwrap().unwrap();
        assert_eq!(answer.unwrap().0.as_slice(), expected);
        if round == 1 {
            server.cut();
        }
    }
    drop(sender);
    assert!(timeout(HANG, answers.next()).await.unwrap().is_none());
    let streams = server.seen().iter().map(|seen| seen.stream).max();
    assert_eq!(streams, Some(2), "one before the cut and one after");
}

async fn ends_after_error(answers: impl Stream<Item = Result<impl Sized, Error>>) -> (usize, Error) {
    let answers: Vec<_> = timeout(HANG, answers.collect()).await.unwrap();
    let good = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(answers.len(), good + 1);
    (good, answers.into_iter().next_back().unwrap().err().expect("the last one is the error"))
}

#[tokio::test]
async fn nothing_follows_an_error() {
    let server = Server::tcp().await;
    let client = connect(&server, Options { messages_in_flight_max: 2, ..options() }).await;
    server.script([None, None, Some(Fault::TooFew)]);
    let (batch, _) = signatures(3, 0);
    let (good, error) = ends_after_error(client.verify_stream(stream::repeat(batch), false)).await;
    assert_eq!(good, 2);
    assert!(matches!(error, Error::BadAnswer { .. }), "{error:?}");
}
