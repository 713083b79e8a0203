//! The service as its clients see it: over real sockets, in this process.

mod abuse;
mod calls;
mod common;
mod crowd;
mod devices;
mod http;
mod limits;
mod shutdown;
mod signing;
mod tls;
mod together;
