//! What HTTP/2 lets a hostile client do, on a raw connection. Each time the connection ends or goes nowhere, and others are served.

use std::time::Duration;

use chainbox_engine::scheme::Scheme;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::common::{PATIENCE, Running, items, start};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a call of Verify, in HPACK without an index for the path: `:method POST`, `:scheme http`, `:path`, `content-type`, `te`.
fn headers() -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    let mut literal = |name: &[u8], value: &[u8]| {
        block.extend([&[0, name.len() as u8], name, &[value.len() as u8], value].concat());
    };
    literal(b":path", b"/chainbox.v1.Verification/Verify");
    literal(b":authority", b"x");
    literal(b"content-type", b"application/grpc");
    literal(b"te", b"trailers");
    block
}

async fn connect(running: &Running) -> TcpStream {
    let address = Running::host_and_port(running.service.addresses().grpc.as_ref());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await.unwrap();
    stream
}

/// Writes frames until the server ends the connection; the number of frames that it took.
async fn flood(running: &Running, begin: &[u8], mut next: impl FnMut(u32) -> Vec<u8>, frames_max: u32) -> u32 {
    let (mut read, mut write) = connect(running).await.into_split();
    // What the server says is read, or it would wait for that.
    let reader = tokio::spawn(async move {
        let mut sink = vec![0; 1 << 16];
        while read.read(&mut sink).await.is_ok_and(|bytes| bytes > 0) {}
    });
    let flooding = async {
        if write.write_all(begin).await.is_err() {
            return 0;
        }
        for number in 0..frames_max {
            if write.write_all(&next(number)).await.is_err() {
                return number;
            }
        }
        frames_max
    };
    let frames = timeout(PATIENCE, flooding).await.expect("the server neither reads nor ends the connection");
    reader.abort();
    frames
}

async fn assert_others_are_served(running: &Running) {
    let made = items(Scheme::Sm2Sm3, 10, 1);
    let mut client = running.client().await;
    let answer = timeout(PATIENCE, client.verify(made.request())).await.expect("others are not served").unwrap();
    assert_eq!(answer.into_inner().verdicts, made.verdicts);
}

const FRAMES_MAX: u32 = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn rapid_resets_end_the_connection() {
    let running = start(|_| {}).await;
    let reset = |number: u32| {
        let stream = 2 * number + 1;
        [frame(HEADERS, END_HEADERS, stream, &headers()), frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
    };
    assert!(flood(&running, &[], reset, FRAMES_MAX).await < FRAMES_MAX, "a million resets were taken");
    assert_others_are_served(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_continuations_end_the_connection() {
    let running = start(|_| {}).await;
    let begin = frame(HEADERS, 0, 1, &headers());
    let continuation = |_| frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y");
    assert!(flood(&running, &begin, continuation, FRAMES_MAX).await < FRAMES_MAX, "a million continuations were taken");
    assert_others_are_served(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_frames_end_the_connection() {
    let running = start(|_| {}).await;
    let begin = frame(HEADERS, END_HEADERS, 1, &headers());
    let empty = |_| frame(DATA, 0, 1, &[]);
    assert!(flood(&running, &begin, empty, FRAMES_MAX).await < FRAMES_MAX, "a million empty frames were taken");
    assert_others_are_served(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_without_end_end_the_connection() {
    let running = start(|_| {}).await;
    // Frames of 16 KiB, all well-formed; buffers on the way hold some megabytes.
    let field = [&[0, 1, b'x', 0x7f, 0xe1, 0x7c][..], &[b'y'; 16_096]].concat();
    let begin = frame(HEADERS, 0, 1, &headers());
    let continuation = |_| frame(CONTINUATION, 0, 1, &field);
    assert!(flood(&running, &begin, continuation, 4096).await < 4096, "64 MiB of headers were taken");
    assert_others_are_served(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_that_are_not_read_back_hold_nobody_else() {
    let running = start(|_| {}).await;
    let mut stream = connect(&running).await;
    let pings = frame(PING, 0, 0, &[0; 8]).repeat(10_000);
    // The server may stop reading, which is its right: its answers are not read.
    let _ = timeout(Duration::from_secs(2), stream.write_all(&pings)).await;
    assert_others_are_served(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_message_is_not_waited_for_without_end() {
    let running = start(|settings| settings.limits.transfer_time_max = Duration::from_millis(100)).await;
    let mut stream = connect(&running).await;
    // A message of 1,000 bytes of which ten come.
    let half = [&[0, 0, 0, 3, 0xe8][..], &[0; 10]].concat();
    stream.write_all(&[frame(HEADERS, END_HEADERS, 1, &headers()), frame(DATA, 0, 1, &half)].concat()).await.unwrap();
    // grpc-status 4: DEADLINE_EXCEEDED. HPACK writes the value as it is, or by Huffman's code; so the count of bytes in flight is what is looked at.
    crate::common::eventually("the bytes are given back", async || {
        (crate::http::json(&running, "/status.json").await["message_bytes"] == 0).then_some(())
    })
    .await;
    let mut answer = vec![0; 1 << 12];
    assert!(timeout(PATIENCE, stream.read(&mut answer)).await.unwrap().unwrap() > 0);
    assert_others_are_served(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http2_is_not_answered() {
    let running = start(|_| {}).await;
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 1000], &[PREFACE, &[0xff; 100]].concat()] {
        let address = Running::host_and_port(running.service.addresses().grpc.as_ref());
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(nonsense).await.unwrap();
        let mut answer = Vec::new();
        // The connection ends, in order or not.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection stays");
    }
    assert_others_are_served(&running).await;
}

/// A client that opens no window for the answer: the server ends the connection instead of holding the answer for ever.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_read_is_not_held_without_end() {
    let running = start(|settings| settings.limits.transfer_time_max = Duration::from_millis(200)).await;
    let address = Running::host_and_port(running.service.addresses().grpc.as_ref());
    let mut stream = TcpStream::connect(address).await.unwrap();
    // SETTINGS_INITIAL_WINDOW_SIZE = 0.
    let no_window = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    // An empty batch: no column, SCHEME_SM2_SM3, INPUT_DIGEST, ENCODING_RAW.
    let message = [0, 0, 0, 0, 6, 0x08, 4, 0x10, 2, 0x18, 1];
    let call = [frame(HEADERS, END_HEADERS, 1, &headers()), frame(DATA, END_STREAM, 1, &message)].concat();
    stream.write_all(&[PREFACE, &no_window, &call].concat()).await.unwrap();
    let mut answer = Vec::new();
    // To the end of the connection, in order or not.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection stays");
    assert!(answer.windows(4).any(|frame| frame[3] == HEADERS), "the call was not answered at all");
    assert_eq!(crate::http::json(&running, "/status.json").await["message_bytes"], 0);
    assert_others_are_served(&running).await;
}

/// A call that ends its side of the stream without a message.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_message_is_answered() {
    let running = start(|_| {}).await;
    let mut stream = connect(&running).await;
    stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &headers())).await.unwrap();
    let mut answer = vec![0; 1 << 12];
    assert!(timeout(PATIENCE, stream.read(&mut answer)).await.unwrap().unwrap() > 0);
    assert_others_are_served(&running).await;
}
