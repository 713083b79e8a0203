//! The connection: a Unix socket, TCP, or TLS over TCP.

use std::{io, sync::Arc, time::Duration};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use super::{Address, Error, Options, tls::PROTOCOL};

/// What the server may send before it is read, for one call and for all: room for the largest answers.
const CALL_WINDOW_BYTES: u32 = 16 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 32 << 20;

/// A connection with calls on it is asked whether it lives after such a silence, and given up after another one. An idle one is left alone.
const SILENCE_MAX: Duration = Duration::from_secs(20);

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Where to connect, with all that was read and checked beforehand.
enum Target {
    Unix(std::path::PathBuf),
    Tcp { host: String, port: u16, tls: Option<(TlsConnector, ServerName<'static>)> },
}

impl Target {
    fn new(address: &Address, options: &Options) -> Result<Self, Error> {
        match (address, &options.tls) {
            (Address::Unix(path), None) => Ok(Self::Unix(path.clone())),
            (Address::Tcp { host, port, tls: false }, None) => Ok(Self::Tcp { host: host.clone(), port: *port, tls: None }),
            (Address::Tcp { host, port, tls: true }, Some(tls)) => {
                let connector = (TlsConnector::from(tls.config()?), tls.name_of(host)?);
                Ok(Self::Tcp { host: host.clone(), port: *port, tls: Some(connector) })
            }
            (Address::Tcp { tls: true, .. }, None) => {
                Err(Error::Options(format!("{address} needs the certificate of the authority that vouches for the server")))
            }
            (_, Some(_)) => Err(Error::Options(format!("certificates and keys are for https addresses, and {address} is none"))),
        }
    }

    async fn connect(&self) -> io::Result<Box<dyn Io>> {
        match self {
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
            Self::Tcp { host, port, tls } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                // A small request must not wait for the acknowledgement of the one before.
                stream.set_nodelay(true)?;
                let Some((connector, name)) = tls else { return Ok(Box::new(stream)) };
                let stream = connector.connect(name.clone(), stream).await?;
                if stream.get_ref().1.alpn_protocol() != Some(PROTOCOL) {
                    return Err(io::Error::other("it does not speak HTTP/2 over TLS"));
                }
                Ok(Box::new(stream))
            }
        }
    }
}

/// A channel that connects when it is first used, and again where the connection broke.
pub(super) fn channel(address: &Address, options: &Options) -> Result<Channel, Error> {
    let target = Arc::new(Target::new(address, options)?);
    let time_max = options.connect_time_max;
    let connector = tower::service_fn(move |_: Uri| {
        let target = Arc::clone(&target);
        async move {
            let connected = timeout(time_max, target.connect()).await;
            connected.unwrap_or_else(|_| Err(io::Error::other(format!("no connection within {time_max:?}")))).map(TokioIo::new)
        }
    });
    let endpoint = Endpoint::from_static("http://localhost")
        .origin(origin(address)?)
        .initial_stream_window_size(CALL_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_adaptive_window(false)
        .http2_keep_alive_interval(SILENCE_MAX)
        .keep_alive_timeout(SILENCE_MAX)
        .keep_alive_while_idle(false);
    Ok(endpoint.connect_with_connector_lazy(connector))
}

/// The scheme and authority that requests name. The endpoint's own address is never used: tonic would want to do https itself.
fn origin(address: &Address) -> Result<Uri, Error> {
    match address {
        Address::Unix(_) => Ok(Uri::from_static("http://localhost")),
        Address::Tcp { .. } => address.to_string().parse().map_err(|error| Error::Options(format!("{address}: {error}"))),
    }
}
