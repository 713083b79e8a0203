//! Every method, once alone and once on a stream.

use chainbox_api::{convert, v1};
use chainbox_engine::{
    batch::{Batch, ByteColumn, Encoding, Input, RecoveryBatch, Shape},
    hash::Hash,
    scheme::Scheme,
};
use chainbox_workloads::{Hints, Kind, Spec};
use tokio_stream::StreamExt;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::common::{expected, items, start};

#[tokio::test(flavor = "multi_thread")]
async fn every_scheme_and_form_gets_the_expected_verdicts() {
    let running = start(|_| {}).await;
    let (mut socket, mut tcp) = (running.client().await, running.tcp_client().await);
    for scheme in Scheme::ALL {
        for (input, encoding) in [(Input::Message, Encoding::Der), (Input::Digest, Encoding::Raw)] {
            let spec = Spec { input, encoding, signers: 8, seed: 3, invalid_share: 0.2, ..Spec::new(scheme, 300) };
            let made = expected(Spec { invalid_kinds: Kind::all_for(spec.shape()), ..spec });
            for client in [&mut socket, &mut tcp] {
                let response = client.verify(made.request()).await.unwrap().into_inner();
                assert_eq!(response.verdicts, made.verdicts, "{scheme}");
                assert!(!response.all_valid && response.hints.is_none());
            }
        }
    }
    running.service.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_that_were_found_are_told_and_do_as_hints() {
    let running = start(|_| {}).await;
    let mut client = running.client().await;
    let made = expected(Spec { input: Input::Digest, hints: Hints::None, ..Spec::new(Scheme::EcdsaP256Sha256, 200) });
    let request = v1::VerifyRequest { want_hints: true, ..made.request() };
    let response = client.verify(request.clone()).await.unwrap().into_inner();
    assert!(response.all_valid);
    let hints = response.hints.unwrap();
    assert_eq!(hints.lengths.len(), 200);
    assert!(hints.lengths.contains(&32), "no hint was found");
    let again = client.verify(v1::VerifyRequest { hints: Some(hints), ..request }).await.unwrap().into_inner();
    assert!(again.all_valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_recovered() {
    let running = start(|_| {}).await;
    let made = expected(Spec { input: Input::Digest, hints: Hints::Parity, ..Spec::new(Scheme::EcdsaSecp256k1Keccak256, 100) });
    let mut batch = RecoveryBatch::new(Input::Digest, true);
    for index in 0..made.batch.len() {
        let item = made.batch.item(index);
        batch.push(item.input, &[item.signature, item.hint].concat()).unwrap();
    }
    batch.push(&[1; 32], &[0; 65]).unwrap();
    let response = running.client().await.recover(convert::recover_request(&batch, 0..101)).await.unwrap().into_inner();
    let recovered = convert::recovered_of(&response, 101).unwrap();
    for index in 0..100 {
        assert_eq!(recovered.key(index).map(|key| &key[..]), Some(&made.batch.item(index).key[1..]));
    }
    assert_eq!(recovered.key(100), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_are_those_of_the_messages() {
    let running = start(|_| {}).await;
    let mut client = running.client().await;
    let messages = ByteColumn::from_lengths(b"abcabc".to_vec(), &[0, 3, 1, 2]).unwrap();
    for hash in Hash::ALL {
        let response = client.digest(convert::digest_request(hash, &messages, 0..4)).await.unwrap().into_inner();
        let expected: Vec<_> = messages.iter().map(|message| hash.digest(message)).collect();
        assert_eq!(convert::digests_of(&response, 4).unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_answers_in_order_and_goes_on_after_a_refusal() {
    let running = start(|_| {}).await;
    let made = items(Scheme::Sm2Sm3, 1000, 5);
    let parts: Vec<_> = (0..100).map(|number| made.part(number * 10..number * 10 + 10)).collect();
    let mut requests: Vec<_> =
        parts.iter().zip(0..).map(|(part, tag)| v1::VerifyStreamRequest { tag, request: Some(part.request()) }).collect();
    requests[40].request = None;
    requests[41].request.as_mut().unwrap().scheme = 77;
    let mut client = running.client().await;
    let mut responses = client.verify_stream(tokio_stream::iter(requests)).await.unwrap().into_inner();
    for (tag, part) in parts.iter().enumerate() {
        let response = responses.next().await.unwrap().unwrap();
        assert_eq!(response.tag, tag as u64);
        match response.outcome.unwrap() {
            v1::verify_stream_response::Outcome::Response(response) => assert_eq!(response.verdicts, part.verdicts),
            v1::verify_stream_response::Outcome::Refusal(refusal) => {
                assert!([40, 41].contains(&tag), "{refusal:?}");
                assert_eq!((refusal.code, refusal.retry_after_ms), (Code::InvalidArgument.into(), 0));
            }
        }
    }
    assert!(responses.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_recovery_and_digests_answer_too() {
    let running = start(|_| {}).await;
    let mut client = running.client().await;
    let messages = ByteColumn::from_width(b"abcd".to_vec(), 1).unwrap();
    let digest = v1::DigestStreamRequest { tag: 9, request: Some(convert::digest_request(Hash::Sm3, &messages, 0..4)) };
    let mut responses = client.digest_stream(tokio_stream::iter([digest])).await.unwrap().into_inner();
    let response = responses.next().await.unwrap().unwrap();
    assert_eq!(response.tag, 9);
    assert!(matches!(response.outcome, Some(v1::digest_stream_response::Outcome::Response(response)) if response.digests.len() == 128));
    let mut batch = RecoveryBatch::new(Input::Digest, true);
    batch.push(&[1; 32], &[0; 65]).unwrap();
    let recover = v1::RecoverStreamRequest { tag: 8, request: Some(convert::recover_request(&batch, 0..1)) };
    let mut responses = client.recover_stream(tokio_stream::iter([recover])).await.unwrap().into_inner();
    let response = responses.next().await.unwrap().unwrap();
    assert!(matches!(response.outcome, Some(v1::recover_stream_response::Outcome::Response(response)) if response.verdicts.len() == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_name_the_field() {
    let running = start(|_| {}).await;
    let mut client = running.client().await;
    let good = items(Scheme::EcdsaP256Sha256, 3, 1).request();
    let mut refused = async |request: v1::VerifyRequest| client.verify(request).await.unwrap_err();
    let status = refused(v1::VerifyRequest { scheme: 99, ..good.clone() }).await;
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("scheme is 99"), "{status}");
    let status = refused(v1::VerifyRequest { keys: None, ..good.clone() }).await;
    assert!(status.message().contains("the column of keys has 0 strings for 3 items"), "{status}");
    assert!(status.get_details_retry_info().is_none());
    // And the connection goes on.
    assert!(client.verify(good).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_batch_is_answered() {
    let running = start(|_| {}).await;
    let empty = Batch::new(Shape::messages(Scheme::Sm2Sm3));
    let response = running.client().await.verify(convert::verify_request(&empty, 0..0, false)).await.unwrap().into_inner();
    assert!(response.all_valid && response.verdicts.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn capabilities_tell_schemes_limits_and_who_asks() {
    let running = start(|settings| settings.limits.source_items_in_flight_max = 4321).await;
    // Where all sources together may have little, one can count on a part of it only: nobody is told more than what is let in.
    let small = start(|settings| settings.limits.items_in_flight_max = 8000).await;
    let told = small.client().await.capabilities(v1::CapabilitiesRequest {}).await.unwrap().into_inner();
    assert_eq!(told.limits.unwrap().items_in_flight_max, 2000);
    assert!(small.client().await.verify(items(Scheme::Sm2Sm3, 2000, 1).request()).await.is_ok());
    let capabilities = running.client().await.capabilities(v1::CapabilitiesRequest {}).await.unwrap().into_inner();
    assert_eq!(capabilities.schemes.len(), Scheme::ALL.len());
    assert_eq!(capabilities.limits.unwrap().items_in_flight_max, 4321);
    assert!(capabilities.source.starts_with("user:"), "{}", capabilities.source);
    let over_tcp = running.tcp_client().await.capabilities(v1::CapabilitiesRequest {}).await.unwrap().into_inner();
    assert_eq!(over_tcp.source, "address:127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_its_id() {
    let running = start(|_| {}).await;
    let mut request = Request::new(items(Scheme::Sm2Sm3, 1, 1).request());
    request.metadata_mut().insert("x-request-id", "block-17".parse().unwrap());
    let mut client = running.client().await;
    assert_eq!(client.verify(request).await.unwrap().metadata().get("x-request-id").unwrap(), "block-17");
    let made = client.verify(items(Scheme::Sm2Sm3, 1, 1).request()).await.unwrap();
    assert!(!made.metadata().get("x-request-id").unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standard_health_service_answers() {
    use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
    let running = start(|_| {}).await;
    let path = running.service.addresses().socket.clone().unwrap();
    let channel = crate::common::over_socket(path.strip_prefix("unix:").unwrap().into()).await.unwrap();
    let mut health = HealthClient::new(channel);
    for service in ["", "chainbox.v1.Verification"] {
        let response = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner();
        assert_eq!(response.status(), ServingStatus::Serving);
    }
}
