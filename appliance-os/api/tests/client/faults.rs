//! Faults of the server: tried again where that may help, and otherwise an error that names them.

use std::time::{Duration, Instant};

use chainbox_api::{
    client::{Client, Error, Options},
    v1,
};
use chainbox_engine::hash::Hash;
use tokio::time::timeout;
use tonic::Code;

use super::{
    HANG, Server, connect, digests, messages, options, recoverable,
    server::{Fault, Seen},
    signatures,
};

const AGAIN: Fault = Fault::Refuse { code: Code::ResourceExhausted, retry_after: Some(Duration::from_millis(2)) };
const NEVER: Fault = Fault::Refuse { code: Code::ResourceExhausted, retry_after: None };

/// Items of a batch that is one message, and of one that is many.
const SIZES: [u64; 2] = [3, 41];

/// A server with a script, and a client of it.
async fn pair(script: impl IntoIterator<Item = Option<Fault>>, options: Options) -> (Server, Client) {
    let server = Server::tcp().await;
    server.script(script);
    let client = connect(&server, options).await;
    (server, client)
}

#[tokio::test]
async fn what_can_be_tried_again_is_and_every_item_has_its_verdict() {
    let unavailable = Fault::Refuse { code: Code::Unavailable, retry_after: Some(Duration::from_millis(2)) };
    let scripts = [
        vec![Some(AGAIN); 3],
        vec![Some(AGAIN), None, Some(AGAIN), None, Some(AGAIN), Some(unavailable)],
        vec![None, Some(Fault::Cut)],
        vec![Some(Fault::Cut), None, None, Some(Fault::Cut), Some(AGAIN), Some(Fault::Cut)],
        vec![Some(Fault::Status(Code::Unavailable)); 3],
    ];
    for (seed, script) in scripts.into_iter().enumerate() {
        for items in SIZES {
            let (batch, expected) = signatures(items, seed as u64);
            let (_server, client) = pair(script.clone(), options()).await;
            let verdicts = timeout(HANG, client.verify(&batch)).await.unwrap();
            assert_eq!(verdicts.unwrap().as_slice(), expected, "{script:?}, {items} items");
        }
    }
}

#[tokio::test]
async fn a_stream_that_ends_early_is_resumed_with_what_was_not_answered() {
    let script = [None, None, Some(Fault::End), None, Some(Fault::Status(Code::Unavailable))];
    let (server, client) = pair(script, Options { messages_in_flight_max: 1, ..options() }).await;
    let (batch, expected) = signatures(20, 0);
    assert_eq!(timeout(HANG, client.verify(&batch)).await.unwrap().unwrap().as_slice(), expected);
    // Five messages of four items; two came twice.
    let streams: Vec<usize> = server.seen().iter().map(|seen| seen.stream).collect();
    assert_eq!(streams, [1, 1, 1, 2, 2, 3, 3]);
}

#[tokio::test]
async fn recovery_and_digests_are_resumed_too() {
    let script = || [Some(AGAIN), None, Some(Fault::Cut), Some(Fault::Cut)];
    for items in [3, 41] {
        let (_server, client) = pair(script(), options()).await;
        let messages = messages(items);
        assert_eq!(timeout(HANG, client.digest(Hash::Sm3, &messages)).await.unwrap().unwrap(), digests(&messages));

        let (_server, client) = pair(script(), options()).await;
        let batch = recoverable(items);
        let expected = chainbox_engine::backend::Backend::recover(&chainbox_engine::backend::Cpu::new(), &batch).unwrap();
        assert_eq!(timeout(HANG, client.recover(&batch)).await.unwrap().unwrap(), expected);
    }
}

#[tokio::test]
async fn tries_are_bounded() {
    for items in SIZES {
        let (batch, _) = signatures(items, 0);
        // All messages in flight are tried; none more often than it may be.
        for fault in [AGAIN, Fault::Cut] {
            let (server, client) = pair(vec![Some(fault); 100], options()).await;
            let error = timeout(HANG, client.verify(&batch)).await.unwrap().unwrap_err();
            let is_named = match fault {
                AGAIN => matches!(error, Error::Refused { code: Code::ResourceExhausted, retry_after: Some(_), .. }),
                _ => matches!(error, Error::Broken { .. } | Error::CannotConnect { .. }),
            };
            assert!(is_named, "{fault:?}, {items} items: {error:?}");
            let tries = server.seen().len();
            let bound = if items == SIZES[0] { 4 } else { 4 * 3 };
            assert!((1..=bound).contains(&tries), "{fault:?}, {items} items: {tries} tries");
        }
    }
}

#[tokio::test]
async fn hints_are_waited_for() {
    let hint = Duration::from_millis(150);
    for items in SIZES {
        let (batch, expected) = signatures(items, 0);
        let (_server, client) = pair([Some(Fault::Refuse { code: Code::ResourceExhausted, retry_after: Some(hint) })], options()).await;
        let start = Instant::now();
        assert_eq!(client.verify(&batch).await.unwrap().as_slice(), expected);
        // Never earlier, whatever the machine does; how much later is nobody's promise.
        assert!(start.elapsed() >= hint);
    }
}

#[tokio::test]
async fn what_would_be_refused_again_is_not_tried_again() {
    for items in SIZES {
        let (batch, _) = signatures(items, 0);
        for (fault, code) in [
            (NEVER, Code::ResourceExhausted),
            (Fault::Status(Code::InvalidArgument), Code::InvalidArgument),
            (Fault::Status(Code::PermissionDenied), Code::PermissionDenied),
            (Fault::Status(Code::Internal), Code::Internal),
        ] {
            let (server, client) = pair([Some(fault)], Options { messages_in_flight_max: 1, ..options() }).await;
            let error = timeout(HANG, client.verify(&batch)).await.unwrap().unwrap_err();
            assert!(matches!(&error, Error::Refused { code: found, .. } if *found == code), "{error:?}");
            assert!(error.to_string().contains("as the test says"), "{error}");
            assert_eq!(server.seen().len(), 1);
        }
    }
}

#[tokio::test]
async fn answers_that_are_none_are_errors_and_never_verdicts() {
    let cases =
        [(3, Fault::TooFew), (3, Fault::TooMany), (41, Fault::TooFew), (41, Fault::TooMany), (41, Fault::WrongTag), (41, Fault::Nothing)];
    for (items, fault) in cases {
        let (batch, _) = signatures(items, 0);
        let (_server, client) = pair([Some(fault)], options()).await;
        let error = timeout(HANG, client.verify(&batch)).await.unwrap().unwrap_err();
        assert!(matches!(error, Error::BadAnswer { .. }), "{fault:?}: {error:?}");

        let (_server, client) = pair([Some(fault)], options()).await;
        let error = timeout(HANG, client.recover(&recoverable(items as u8))).await.unwrap().unwrap_err();
        assert!(matches!(error, Error::BadAnswer { .. }), "{fault:?}: {error:?}");

        let (_server, client) = pair([Some(fault)], options()).await;
        let error = timeout(HANG, client.digest(Hash::Sm3, &messages(items as u8))).await.unwrap().unwrap_err();
        assert!(matches!(error, Error::BadAnswer { .. }), "{fault:?}: {error:?}");
    }
}

/// Wherever the second answer comes: among others, or after the last one.
#[tokio::test]
async fn a_second_answer_is_an_error() {
    let (batch, _) = signatures(20, 0);
    for messages_before in 0..5 {
        let script = vec![None; messages_before].into_iter().chain([Some(Fault::Twice)]);
        let (_server, client) = pair(script, options()).await;
        let error = timeout(HANG, client.verify(&batch)).await.unwrap().unwrap_err();
        assert!(matches!(error, Error::BadAnswer { .. }), "{messages_before}: {error:?}");
    }
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    for items in SIZES {
        let (batch, _) = signatures(items, 0);
        let deadline = Duration::from_secs(1);
        let (_server, client) =
            pair([Some(AGAIN), Some(Fault::Silence)], Options { deadline, messages_in_flight_max: 1, ..options() }).await;
        let error = timeout(HANG, client.verify(&batch)).await.unwrap().unwrap_err();
        let Error::Deadline { after, last, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*after, deadline);
        assert!(last.as_ref().is_some_and(|last| last.contains("as the test says")), "{error}");
    }
}

#[tokio::test]
async fn a_hint_beyond_the_deadline_is_not_waited_for_longer() {
    for items in SIZES {
        let (batch, _) = signatures(items, 0);
        let fault = Fault::Refuse { code: Code::ResourceExhausted, retry_after: Some(10 * HANG) };
        let (_server, client) = pair([Some(fault)], Options { deadline: Duration::from_millis(200), ..options() }).await;
        let error = timeout(HANG, client.verify(&batch)).await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn messages_keep_the_servers_limits() {
    let server = Server::tcp().await;
    let limits = v1::Limits { message_bytes_max: 1500, items_in_flight_max: 3, ..v1::Limits::default() };
    server.limit(limits);
    let client = connect(&server, Options { message_items_max: 1000, ..options() }).await;
    let (batch, expected) = signatures(41, 0);
    assert_eq!(client.verify(&batch).await.unwrap().as_slice(), expected);
    let (mut client, mut batch) = (client, batch);
    assert!(server.seen().iter().all(|seen| seen.items <= 3 && seen.bytes <= 1500));

    server.limit(v1::Limits { message_bytes_max: 300, ..limits });
    client.capabilities().await.unwrap();
    let error = client.verify(&batch).await.unwrap_err();
    assert!(matches!(error, Error::ItemTooLarge { index: 0, bytes_max: 300, .. }), "{error:?}");

    server.limit(limits);
    client = connect(&server, options()).await;
    batch = signatures(2, 7).0;
    assert_eq!(client.verify(&batch).await.unwrap().as_slice(), signatures(2, 7).1);
}

#[tokio::test]
async fn limits_that_became_stricter_are_learnt() {
    for items in SIZES {
        let (batch, expected) = signatures(items, 0);
        let (server, client) = pair([Some(Fault::StricterLimits)], Options { messages_in_flight_max: 1, ..options() }).await;
        assert_eq!(timeout(HANG, client.verify(&batch)).await.unwrap().unwrap().as_slice(), expected);
        assert!(server.seen()[1..].iter().all(|seen| seen.items == 1));
    }
}

#[tokio::test]
async fn calls_name_their_request_and_say_how_long_they_wait() {
    let (server, client) = pair([], Options { request_id: Some("block-17".to_owned()), ..options() }).await;
    for items in SIZES {
        client.verify(&signatures(items, 0).0).await.unwrap();
    }
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.request_id.as_deref() == Some("block-17")), "{seen:?}");
    // A stream may last for ever.
    assert!(seen.iter().all(|Seen { stream, has_timeout, .. }| *has_timeout == (*stream == 0)), "{seen:?}");
}

/// A message as large as servers take, in one piece.
#[tokio::test]
async fn large_messages_flow() {
    let server = Server::tcp().await;
    let options = Options { message_bytes_max: 16 << 20, message_items_max: 1 << 20, ..options() };
    let client = connect(&server, options).await;
    let mut messages = chainbox_engine::batch::ByteColumn::new();
    for index in 0..33_u8 {
        messages.push(&vec![index; 1 << 19]).unwrap();
    }
    assert_eq!(timeout(HANG, client.digest(Hash::Sm3, &messages)).await.unwrap().unwrap(), digests(&messages));
    let largest = server.seen().iter().map(|seen| seen.bytes).max().unwrap();
    assert!((15 << 20..=16 << 20).contains(&largest), "{largest}");
}

#[tokio::test]
async fn nothing_is_asked_where_there_is_nothing() {
    let (server, client) = pair([], options()).await;
    assert!(client.verify(&signatures(0, 0).0).await.unwrap().as_slice().is_empty());
    assert!(client.digest(Hash::Sm3, &messages(0)).await.unwrap().is_empty());
    assert!(client.recover(&recoverable(0)).await.unwrap().keys.is_empty());
    assert!(server.seen().is_empty());
}
