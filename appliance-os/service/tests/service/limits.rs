//! What is above a limit is refused, with words and a hint when to try again; what is not, is answered.

use std::{sync::Arc, time::Duration};

use chainbox_api::v1;
use chainbox_engine::scheme::Scheme;
use tokio_stream::StreamExt;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::common::{Gate, Running, eventually, items, start, start_with};

fn assert_busy(status: &Status) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(retry.is_some_and(|time| !time.is_zero()), "no hint when to try again: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_the_limit_is_refused_and_not_read() {
    let running = start(|settings| settings.limits.message_bytes_max = 10_000).await;
    let mut client = running.client().await;
    let status = client.verify(items(Scheme::Sm2Sm3, 100, 1).request()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("may have 10000: send its items in several messages"), "{status}");
    assert!(status.get_details_retry_info().is_none(), "there is no use in trying again");
    let (_, metrics) = crate::http::get(&running, "/metrics").await;
    assert!(metrics.contains(r#"chainbox_requests_total{code="RESOURCE_EXHAUSTED",method="Verify"} 1"#), "{metrics}");
    let small = items(Scheme::Sm2Sm3, 50, 1);
    assert_eq!(client.verify(small.request()).await.unwrap().into_inner().verdicts, small.verdicts);
}

/// Three bytes an item: the count alone decides, before columns and ids are made of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_empty_items_is_refused_by_their_number() {
    let running = start(|_| {}).await;
    let empty = Some(v1::Column { lengths: vec![0; 300_000], ..v1::Column::default() });
    let request = v1::VerifyRequest {
        scheme: v1::Scheme::Sm2Sm3.into(),
        input: v1::Input::Message.into(),
        encoding: v1::Encoding::Raw.into(),
        keys: empty.clone(),
        inputs: empty.clone(),
        signatures: empty,
        ..v1::VerifyRequest::default()
    };
    let status = running.client().await.verify(request).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("has 300000 items and this source may send 262144"), "{status}");
}

/// Requests that the back end holds back, on connections of their own.
async fn held(running: &Running, count: usize, items_each: u64) -> Vec<tokio::task::JoinHandle<Result<usize, Status>>> {
    let mut held = Vec::new();
    for _ in 0..count {
        let mut client = running.client().await;
        let request = items(Scheme::EcdsaP256Sha256, items_each, 1).request();
        held.push(tokio::spawn(async move { Ok(client.verify(request).await?.into_inner().verdicts.len()) }));
    }
    held
}

/// What `/status.json` says is under way.
async fn in_flight(running: &Running) -> u64 {
    let status = crate::http::json(running, "/status.json").await;
    status["items_queued"].as_u64().unwrap() + status["items_running"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn items_above_the_limit_of_a_source_are_refused_until_there_is_room() {
    let gate = Gate::closed();
    let running = start_with(Arc::clone(&gate) as _, |settings| settings.limits.source_items_in_flight_max = 1000).await;
    let held = held(&running, 2, 500).await;
    eventually("the source is full", async || (in_flight(&running).await == 1000).then_some(())).await;
    let one = items(Scheme::EcdsaP256Sha256, 1, 1);
    let mut client = running.client().await;
    assert_busy(&client.verify(one.request()).await.unwrap_err());
    gate.open();
    for request in held {
        assert_eq!(request.await.unwrap().unwrap(), 500);
    }
    assert_eq!(client.verify(one.request()).await.unwrap().into_inner().verdicts, one.verdicts);
    // More than it could ever have: no hint.
    let status = client.verify(items(Scheme::EcdsaP256Sha256, 1001, 1).request()).await.unwrap_err();
    assert!(status.code() == Code::ResourceExhausted && status.get_details_retry_info().is_none(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_waits_where_a_call_is_refused() {
    let gate = Gate::closed();
    let running = start_with(Arc::clone(&gate) as _, |settings| settings.limits.source_items_in_flight_max = 100).await;
    let made = items(Scheme::EcdsaP256Sha256, 60, 1);
    let requests: Vec<_> = (0..20).map(|tag| v1::VerifyStreamRequest { tag, request: Some(made.request()) }).collect();
    let mut client = running.client().await;
    let mut responses = client.verify_stream(tokio_stream::iter(requests)).await.unwrap().into_inner();
    eventually("the first of the stream is accepted", async || (in_flight(&running).await == 60).then_some(())).await;
    gate.open();
    for tag in 0..20 {
        let response = responses.next().await.unwrap().unwrap();
        let Some(v1::verify_stream_response::Outcome::Response(answer)) = response.outcome else { panic!("{tag} was refused") };
        assert_eq!((response.tag, &answer.verdicts[..]), (tag, &made.verdicts[..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_above_the_limit_are_refused_before_they_are_read() {
    let gate = Gate::closed();
    let running = start_with(Arc::clone(&gate) as _, |settings| {
        settings.limits.message_bytes_max = 100_000;
        settings.limits.source_bytes_in_flight_max = 200_000;
    })
    .await;
    // About 160 bytes an item, so two of them and not three.
    let held = held(&running, 2, 500).await;
    eventually("both are accepted", async || (in_flight(&running).await == 1000).then_some(())).await;
    let status = running.client().await.verify(items(Scheme::EcdsaP256Sha256, 500, 1).request()).await.unwrap_err();
    assert_busy(&status);
    assert!(status.message().contains("bytes in flight of this source"), "{status}");
    gate.open();
    for request in held {
        assert_eq!(request.await.unwrap().unwrap(), 500);
    }
    eventually("all bytes are given back", async || {
        (crate::http::json(&running, "/status.json").await["message_bytes"] == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waited_too_long_is_told_so() {
    let gate = Gate::closed();
    let running = start_with(Arc::clone(&gate) as _, |settings| settings.limits.queue_time_max = Duration::from_millis(50)).await;
    // One for each lane of large requests; what comes next has to wait.
    let held = held(&running, 2, 100).await;
    eventually("both are at work", async || (crate::http::json(&running, "/status.json").await["items_running"] == 200).then_some(()))
        .await;
    let status = running.client().await.verify(items(Scheme::Sm2Sm3, 100, 1).request()).await.unwrap_err();
    assert_busy(&status);
    assert!(status.message().contains("waited 50 ms"), "{status}");
    gate.open();
    // What had begun is answered, however long it takes.
    for request in held {
        assert_eq!(request.await.unwrap().unwrap(), 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_of_the_client_is_kept() {
    let gate = Gate::closed();
    let running = start_with(Arc::clone(&gate) as _, |_| {}).await;
    let mut request = Request::new(items(Scheme::Sm2Sm3, 10, 1).request());
    request.set_timeout(Duration::from_millis(50));
    let status = running.client().await.verify(request).await.unwrap_err();
    assert!([Code::DeadlineExceeded, Code::Cancelled].contains(&status.code()), "{status}");
    gate.open();
    eventually("nothing is left", async || (in_flight(&running).await == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_above_the_limit_is_told_so() {
    let running = start(|settings| settings.limits.source_connections_max = 2).await;
    let made = items(Scheme::Sm2Sm3, 1, 1);
    let (mut first, mut second) = (running.client().await, running.client().await);
    assert!(first.verify(made.request()).await.is_ok() && second.verify(made.request()).await.is_ok());
    let mut third = running.client().await;
    let status = third.verify(made.request()).await.unwrap_err();
    assert_busy(&status);
    drop(second);
    eventually("there is room for another", async || running.client().await.verify(made.request()).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_limits_hold_for_those_who_are_connected() {
    let mut running = start(|_| {}).await;
    let mut client = running.client().await;
    let made = items(Scheme::Sm2Sm3, 100, 1);
    assert!(client.verify(made.request()).await.is_ok());
    let mut settings = running.service.settings().clone();
    settings.limits.source_items_in_flight_max = 50;
    running.service.reload(&settings).unwrap();
    assert_eq!(client.verify(made.request()).await.unwrap_err().code(), Code::ResourceExhausted);
    settings.limits.source_items_in_flight_max = 100;
    running.service.reload(&settings).unwrap();
    assert!(client.verify(made.request()).await.is_ok());
}
