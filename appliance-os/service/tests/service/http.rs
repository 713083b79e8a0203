//! What people and monitors see.

use std::{collections::BTreeSet, sync::Arc};

use chainbox_engine::scheme::Scheme;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::common::{Gate, Running, eventually, items, start, start_with};

/// The status line, the headers and the body of what a path gives.
pub async fn get(running: &Running, path: &str) -> (String, String) {
    let address = Running::host_and_port(running.service.addresses().http.as_ref());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

pub async fn json(running: &Running, path: &str) -> serde_json::Value {
    serde_json::from_str(&get(running, path).await.1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_was_done() {
    let running = start(|_| {}).await;
    let made = items(Scheme::Sm2Sm3, 100, 1);
    running.client().await.verify(made.request()).await.unwrap();
    let (head, text) = get(&running, "/metrics").await;
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    for line in [
        r#"chainbox_verify_signatures_total{backend="cpu",result="valid",scheme="sm2-sm3"} 90"#,
        r#"chainbox_verify_signatures_total{backend="cpu",result="invalid",scheme="sm2-sm3"} 10"#,
        r#"chainbox_source_items_total{result="valid",source="other"} 90"#,
        r#"chainbox_requests_total{code="OK",method="Verify"} 1"#,
        r#"chainbox_verify_duration_seconds_count{scheme="sm2-sm3"} 1"#,
        r#"chainbox_backend_fallback_total{backend="cpu"} 0"#,
        "chainbox_queue_items 0",
        "process_resident_memory_bytes",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_has_its_parts_and_its_figures() {
    let running = start(|_| {}).await;
    let mut client = running.client().await;
    client.verify(items(Scheme::Sm2Sm3, 100, 1).request()).await.unwrap();
    let (head, page) = get(&running, "/").await;
    assert!(head.contains("200 OK") && head.contains("content-security-policy"), "{head}");
    // Each element that the script fills is on the page.
    let (_, script) = get(&running, "/status.js").await;
    let ids = script.match_indices("byId(\"").chain(script.match_indices("show(\""));
    let mut found = 0;
    for (place, called) in ids {
        let id = script[place + called.len()..].split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        found += 1;
    }
    assert!(found > 10);
    assert!(get(&running, "/status.css").await.0.contains("text/css"));
    let status = json(&running, "/status.json").await;
    assert_eq!(status["items_total"], 100);
    assert_eq!(status["problem"], serde_json::Value::Null);
    let source = &status["sources"][0];
    assert_eq!((&source["items_total"], &source["invalid_total"], &source["connections"]), (&100.into(), &10.into(), &1.into()));
    assert!(source["name"].as_str().unwrap().starts_with("user:"));
    assert_eq!(status["backends"][0]["name"], "cpu");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_readiness_are_told_apart() {
    let gate = Gate::closed();
    let running = start_with(Arc::clone(&gate) as _, |_| {}).await;
    for path in ["/healthz", "/readyz"] {
        let (head, body) = get(&running, path).await;
        assert!(head.starts_with("HTTP/1.1 200") && body == "ok\n", "{head}\n{body}");
    }
    assert!(get(&running, "/nothing").await.0.starts_with("HTTP/1.1 404"));
    // A service that shuts down still answers what it accepted, and wants no more.
    let mut client = running.client().await;
    let held = tokio::spawn(async move { client.verify(items(Scheme::Sm2Sm3, 20, 1).request()).await });
    eventually("the request is accepted", async || (json(&running, "/status.json").await["requests_in_flight"] == 1).then_some(())).await;
    let address = running.service.addresses().http.clone();
    let Running { service, folder: _folder } = running;
    let ending = tokio::spawn(service.shutdown());
    let address = Running::host_and_port(address.as_ref()).to_owned();
    eventually("readyz says no", async || {
        let mut stream = TcpStream::connect(&address).await.ok()?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        (answer.starts_with("HTTP/1.1 503") && answer.contains("shutting down")).then_some(())
    })
    .await;
    gate.open();
    assert_eq!(held.await.unwrap().unwrap().into_inner().verdicts.len(), 20);
    ending.await.unwrap().unwrap();
}

/// The board shows what there is, and all there is.
#[tokio::test(flavor = "multi_thread")]
async fn the_grafana_board_and_the_metrics_are_one() {
    let (mut running, _device) = crate::signing::start_signing(|_, _| {}).await;
    let mut client = running.client().await;
    client.verify(items(Scheme::Sm2Sm3, 10, 1).request()).await.unwrap();
    // A refusal, a connection turned away and a reload, so that their rows are there.
    let malformed = client.verify(chainbox_api::v1::VerifyRequest::default()).await;
    assert!(malformed.is_err());
    let mut settings = running.service.settings().clone();
    settings.limits.source_connections_max = 1;
    settings.limits.connections_max = 1;
    running.service.reload(&settings).unwrap();
    assert!(running.client().await.verify(items(Scheme::Sm2Sm3, 10, 1).request()).await.is_err());
    let (_, text) = get(&running, "/metrics").await;
    let there: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(|line| line.split(' ').next().unwrap()).collect();
    let board: serde_json::Value = serde_json::from_str(include_str!("../../../../docs/grafana/chainbox.json")).unwrap();
    let mut shown = BTreeSet::new();
    for target in board["panels"].as_array().unwrap().iter().flat_map(|panel| panel["targets"].as_array().unwrap()) {
        let expression = target["expr"].as_str().unwrap();
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let names: Vec<_> = words.filter(|word| word.starts_with("chainbox_") || word.starts_with("process_")).collect();
        assert!(!names.is_empty(), "no metric in {expression}");
        for name in names {
            let plain = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(there.contains(plain), "{name} of the board is no metric");
            shown.insert(plain);
        }
    }
    for name in there.iter().filter(|name| name.starts_with("chainbox_")) {
        assert!(shown.contains(name), "{name} is on no panel of docs/grafana/chainbox.json");
    }
}
