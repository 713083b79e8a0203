//! From bytes on a connection to calls with a source.

pub mod call;
mod connection;
mod deliveries;
mod held;
mod listen;
mod metered;
mod tls;

pub use connection::Connections;
pub use listen::{Listeners, bind, serve_tcp, serve_unix};
pub use tls::Acceptor;
