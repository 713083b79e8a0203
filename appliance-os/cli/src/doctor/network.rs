//! The ports that the service would listen on.

use std::{fs, io, net::SocketAddr, net::TcpListener};

use chainbox_service::settings::Settings;

use super::finding::Finding;

/// Whether the addresses are free; where a service works on the data folder already, the ones in use are taken for its own.
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let running = running(settings);
    let listen = [("gRPC port", "--grpc", settings.grpc.listen), ("HTTP port", "--http", settings.http.listen)];
    listen.into_iter().filter_map(|(subject, flag, address)| Some(port(subject, flag, address?, running.as_deref()))).collect()
}

fn port(subject: &str, flag: &str, address: SocketAddr, running: Option<&str>) -> Finding {
    match (TcpListener::bind(address), running) {
        (Ok(_), _) => Finding::ok(subject, format!("{address} is free")),
        (Err(error), Some(owner)) if error.kind() == io::ErrorKind::AddrInUse => {
            Finding::ok(subject, format!("{address} is in use, by the service that runs here ({owner})"))
        }
        (Err(error), _) => {
            let remedy = format!("stop what listens there (ss -ltnp), or name another address with {flag}");
            Finding::bad(subject, format!("{address}: {error}"), remedy)
        }
    }
}

/// Who works on the data folder: whoever holds its lock.
fn running(settings: &Settings) -> Option<String> {
    let path = settings.data.join("lock");
    let file = fs::File::open(&path).ok()?;
    match file.try_lock_shared() {
        Err(fs::TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(&path).unwrap_or_default();
            Some(format!("process {}", pid.trim()))
        }
        // Free, or no lock to be had: nobody is known to run. The lock goes with the file.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_port_is_free_or_taken_or_its_own() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let found = port("gRPC port", "--grpc", address, None);
        assert_eq!(found.state, State::Bad);
        assert!(found.remedy.unwrap().contains("--grpc"));
        assert_eq!(port("gRPC port", "--grpc", address, Some("process 7")).state, State::Ok);
        drop(taken);
        assert_eq!(port("gRPC port", "--grpc", SocketAddr::from(([127, 0, 0, 1], 0)), None).state, State::Ok);
    }

    #[test]
    fn who_holds_the_lock_is_running() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::with_data(folder.path().to_owned());
        assert_eq!(running(&settings), None);
        let lock = folder.path().join("lock");
        fs::write(&lock, "42\n").unwrap();
        assert_eq!(running(&settings), None);
        let held = fs::File::open(&lock).unwrap();
        held.lock().unwrap();
        assert_eq!(running(&settings).as_deref(), Some("process 42"));
    }
}
