//! Sockets that listen.

use std::{
    fs,
    io::{self, ErrorKind},
    net::SocketAddr,
    os::unix::{
        fs::{FileTypeExt, PermissionsExt, chown},
        net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream},
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use nix::{
    sys::stat::{Mode, umask},
    unistd::{Group, User},
};
use tokio::net::{TcpListener, UnixListener};
use tracing::warn;

use super::{connection::Connections, tls::Acceptor};
use crate::{
    settings::{Settings, Socket},
    source::Peer,
};

/// How long no connection is accepted after one could not be: the system is out of something.
const PAUSE: Duration = Duration::from_millis(50);

/// What listens.
pub struct Listeners {
    /// gRPC over TCP.
    pub grpc: Option<TcpListener>,
    /// gRPC over the Unix socket.
    pub socket: Option<BoundSocket>,
    /// HTTP.
    pub http: Option<TcpListener>,
}

/// A Unix socket, whose file goes with it.
pub struct BoundSocket {
    listener: UnixListener,
    file: SocketFile,
}

struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Where somebody took it away before, nothing is left to do.
        let _ = fs::remove_file(&self.0);
    }
}

impl BoundSocket {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.file.0
    }
}

/// Binds all that the settings name.
///
/// # Errors
/// One line that names the place and the remedy.
pub async fn bind(settings: &Settings) -> Result<Listeners, String> {
    Ok(Listeners {
        grpc: bind_tcp(settings.grpc.listen, "grpc.listen").await?,
        socket: settings.socket.path.as_deref().map(|path| bind_unix(path, &settings.socket)).transpose()?,
        http: bind_tcp(settings.http.listen, "http.listen").await?,
    })
}

async fn bind_tcp(address: Option<SocketAddr>, key: &str) -> Result<Option<TcpListener>, String> {
    let Some(address) = address else { return Ok(None) };
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Err(format!("{key}: port {} of {} is in use: stop what uses it, or set another", address.port(), address.ip()))
        }
        Err(error) => Err(format!("{key}: cannot listen on {address}: {error}")),
    }
}

fn bind_unix(path: &Path, settings: &Socket) -> Result<BoundSocket, String> {
    let place = path.display();
    make_way(path)?;
    // No one but the owner may connect until owner and mode are set.
    let before = umask(Mode::from_bits_truncate(0o177));
    let bound = StdUnixListener::bind(path);
    umask(before);
    let listener = bound.map_err(|error| format!("socket.path: cannot listen on {place}: {error}"))?;
    let file = SocketFile(path.to_owned());
    let owner = settings.owner.as_deref().map(user_id).transpose()?;
    let group = settings.group.as_deref().map(group_id).transpose()?;
    if owner.is_some() || group.is_some() {
        chown(path, owner, group).map_err(|error| format!("socket.owner, socket.group: cannot give {place} away: {error}"))?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(settings.mode))
        .map_err(|error| format!("socket.mode: cannot set the mode of {place}: {error}"))?;
    listener
        .set_nonblocking(true)
        .and_then(|()| UnixListener::from_std(listener))
        .map(|listener| BoundSocket { listener, file })
        .map_err(|error| format!("socket.path: cannot listen on {place}: {error}"))
}

/// Removes a socket that nobody listens on any more. Anything else stays.
fn make_way(path: &Path) -> Result<(), String> {
    let place = path.display();
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("socket.path: cannot look at {place}: {error}")),
    };
    if !metadata.file_type().is_socket() {
        return Err(format!("socket.path: {place} is there and is no socket: move it away, or set another path"));
    }
    match StdUnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| format!("socket.path: cannot remove the stale socket {place}: {error}"))
        }
        _ => Err(format!("socket.path: {place} is in use: stop what uses it, or set another path")),
    }
}

fn user_id(name: &str) -> Result<u32, String> {
    let unknown = || format!("socket.owner: there is no user {name:?}");
    name.parse().or_else(|_| User::from_name(name).ok().flatten().map(|user| user.uid.as_raw()).ok_or_else(unknown))
}

fn group_id(name: &str) -> Result<u32, String> {
    let unknown = || format!("socket.group: there is no group {name:?}");
    name.parse().or_else(|_| Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw()).ok_or_else(unknown))
}

/// Accepts connections over TCP until no more are wanted.
pub async fn serve_tcp(listener: TcpListener, tls: Option<Arc<Acceptor>>, connections: Arc<Connections>) {
    let closing = connections.closing().clone();
    while let Some(accepted) = closing.run_until_cancelled(listener.accept()).await {
        // A small answer is not held back to go with the next one.
        let accepted = accepted.and_then(|(stream, address)| stream.set_nodelay(true).map(|()| (stream, address)));
        let Some((stream, address)) = accepted_or_pause("tcp", accepted).await else { continue };
        match tls.clone() {
            Some(tls) => connections.accept("tls", async move { tls.accept(stream).await }),
            None => connections.accept("tcp", async move { Ok((stream, Peer::Address(address.ip()))) }),
        }
    }
}

/// Accepts connections over the Unix socket until no more are wanted.
pub async fn serve_unix(socket: BoundSocket, connections: Arc<Connections>) {
    let closing = connections.closing().clone();
    while let Some(accepted) = closing.run_until_cancelled(socket.listener.accept()).await {
        let accepted = accepted.and_then(|(stream, _)| Ok((stream.peer_cred()?.uid(), stream)));
        let Some((user, stream)) = accepted_or_pause("socket", accepted).await else { continue };
        connections.accept("socket", async move { Ok((stream, Peer::User(user))) });
    }
}

/// What was accepted; or nothing, a line in the log and a pause, where the system is out of something.
async fn accepted_or_pause<T>(listener: &'static str, accepted: io::Result<T>) -> Option<T> {
    match accepted {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            warn!(listener, %error, "a connection could not be accepted");
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}
