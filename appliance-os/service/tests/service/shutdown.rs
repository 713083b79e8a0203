//! The end of a service, and starts that cannot be.

use std::{os::unix::net::UnixListener, sync::Arc, time::Duration};

use chainbox_api::v1;
use chainbox_engine::scheme::Scheme;
use chainbox_service::Service;
use tokio_stream::StreamExt;
use tonic::Code;

use crate::common::{Gate, PATIENCE, Running, cpu, eventually, items, settings, start, start_with};

/// What was accepted is answered in a shutdown under load; what was not, is refused with words. Nothing is silent.
#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_under_load_answers_what_was_accepted() {
    let running = start(|_| {}).await;
    let made = Arc::new(items(Scheme::EcdsaP256Sha256, 500, 1));
    let mut clients = Vec::new();
    for _ in 0..16 {
        let (mut client, made) = (running.client().await, Arc::clone(&made));
        clients.push(tokio::spawn(async move {
            let mut answered = 0;
            loop {
                match client.verify(made.request()).await {
                    Ok(response) => {
                        assert_eq!(response.into_inner().verdicts, made.verdicts);
                        answered += 1;
                    }
                    Err(status) => break (answered, status),
                }
            }
        }));
    }
    eventually("the load is there", async || {
        (crate::http::json(&running, "/status.json").await["items_total"].as_u64() > Some(20_000)).then_some(())
    })
    .await;
    running.service.shutdown().await.unwrap();
    for client in clients {
        let (answered, status) = client.await.unwrap();
        assert!(answered > 0);
        // The connection was closed in good order: the client knows that the request was not accepted.
        assert!([Code::Unavailable, Code::Cancelled, Code::Unknown].contains(&status.code()), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_does_not_stop_the_end_for_ever() {
    let gate = Gate::closed();
    let running = start_with(Arc::clone(&gate) as _, |settings| settings.shutdown_time_max = Duration::from_millis(100)).await;
    let mut client = running.client().await;
    let held = tokio::spawn(async move { client.verify(items(Scheme::Sm2Sm3, 20, 1).request()).await });
    eventually("the request is accepted", async || {
        (crate::http::json(&running, "/status.json").await["requests_in_flight"] == 1).then_some(())
    })
    .await;
    let lost = running.service.shutdown().await.unwrap_err();
    assert!(lost.contains("1 requests were not answered"), "{lost}");
    gate.open();
    drop(held);
}

/// Who keeps a stream open, and even sends on, does not hold a shutdown up; what was read is answered.
#[tokio::test(flavor = "multi_thread")]
async fn open_streams_end_in_a_shutdown() {
    let running = start(|settings| settings.shutdown_time_max = 10 * PATIENCE).await;
    let made = items(Scheme::Sm2Sm3, 10, 1);
    let request = v1::VerifyStreamRequest { tag: 1, request: Some(made.request()) };
    let endless = tokio_stream::iter([request]).chain(tokio_stream::pending());
    let mut client = running.client().await;
    let mut responses = client.verify_stream(endless).await.unwrap().into_inner();
    assert_eq!(responses.next().await.unwrap().unwrap().tag, 1);
    tokio::time::timeout(PATIENCE, running.service.shutdown()).await.expect("an idle stream holds the shutdown up").unwrap();
    assert!(responses.next().await.is_none_or(|ended| ended.is_err()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_service_on_the_same_folder_is_told_who_is_there() {
    let running = start(|_| {}).await;
    let again = Service::start(settings(running.folder.path()), cpu(), None).await;
    let error = again.map(drop).unwrap_err();
    assert!(error.contains(&format!("another chainbox (process {})", std::process::id())) && error.contains("--data"), "{error}");
    // And once it is gone, the folder is free.
    let Running { service, folder } = running;
    service.shutdown().await.unwrap();
    Service::start(settings(folder.path()), cpu(), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_use_is_named() {
    let running = start(|_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let start_again = async |change: &dyn Fn(&mut chainbox_service::settings::Settings)| {
        let mut settings = settings(folder.path());
        change(&mut settings);
        Service::start(settings, cpu(), None).await.map(drop).unwrap_err()
    };
    let grpc = Running::host_and_port(running.service.addresses().grpc.as_ref()).parse().unwrap();
    let error = start_again(&|settings| settings.grpc.listen = Some(grpc)).await;
    assert!(error.starts_with("grpc.listen: port ") && error.contains("in use"), "{error}");
    let socket = running.folder.path().join("data/chainbox.sock");
    let error = start_again(&|settings| settings.socket.path = Some(socket.clone())).await;
    assert!(error.starts_with("socket.path: ") && error.contains("in use"), "{error}");
    // It was not taken away from who uses it.
    assert!(running.client().await.verify(items(Scheme::Sm2Sm3, 1, 1).request()).await.is_ok());
    let file = folder.path().join("a-file");
    std::fs::write(&file, "precious").unwrap();
    let error = start_again(&|settings| settings.socket.path = Some(file.clone())).await;
    assert!(error.contains("is no socket"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_a_killed_service_left_is_replaced_and_has_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("left.sock");
    drop(UnixListener::bind(&path).unwrap());
    let mut settings = settings(folder.path());
    settings.socket.path = Some(path.clone());
    settings.socket.mode = 0o640;
    let service = Service::start(settings, cpu(), None).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    service.shutdown().await.unwrap();
    assert!(!path.exists());
}
