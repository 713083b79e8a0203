//! C programs that use the library as anybody would: compiled against the header, linked with the shared and with the static library, and run.

mod build;
mod drive;
mod examples;
mod in_process;
mod installed;
mod misuse;
mod remote;

/// The server of the client's tests, which verifies for real and misbehaves where a test says so.
#[path = "../../../api/tests/client/server.rs"]
#[allow(dead_code, reason = "the client's tests ask more of it")]
mod server;
