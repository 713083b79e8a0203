//! The service as a process of its own, as `chainbox serve` starts it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use chainbox_api::client::Address;
use serde::Deserialize;
use tempfile::TempDir;

use super::certificates::Authority;
use crate::Error;

/// How long a server may take until it is ready.
const START_TIME_MAX: Duration = Duration::from_secs(60);

/// The ticks of a second in `/proc/PID/stat` (`USER_HZ`), on every architecture that this runs on.
const TICKS_PER_S: f64 = 100.0;

/// The names of the sources that a server with certificates knows.
pub(super) const HONEST: &str = "honest";

/// The name of a hostile source.
pub(super) fn hostile(index: usize) -> String {
    format!("hostile-{index}")
}

/// The line that a server prints once it is ready.
#[derive(Deserialize)]
struct Ready {
    grpc: Option<String>,
    socket: Option<String>,
}

/// A server that runs. It is killed when it is dropped, and its folder is removed.
pub(crate) struct Server {
    child: Child,
    /// Over TCP, with TLS or without.
    pub(super) tcp: Address,
    pub(crate) socket: Address,
    /// None once the server was ended.
    folder: Option<TempDir>,
}

impl Server {
    /// Starts a server on free ports, with TLS where there is an authority: then it knows the honest source and some hostile ones.
    pub(crate) fn start(program: &Path, authority: Option<&Authority>, hostile_sources: usize) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(|error| Error::io(&std::env::temp_dir(), error))?;
        let place = |name: &str| folder.path().join(name);
        let mut sources = String::new();
        for name in (0..hostile_sources).map(hostile).chain([HONEST.to_owned()]) {
            sources += &format!("[[source]]\nname = \"{name}\"\ncertificates = [\"{name}\"]\n");
        }
        let settings = place("chainbox.toml");
        let settings_text = if authority.is_some() { sources } else { String::new() };
        fs::write(&settings, settings_text).map_err(|error| Error::io(&settings, error))?;

        let mut command = Command::new(program);
        command.args(["serve", "--json", "--grpc", "127.0.0.1:0", "--http", "off", "--set", "log.filter=error"]);
        command.arg("--config").arg(&settings).arg("--data").arg(place("data")).arg("--socket").arg(place("socket"));
        for setting in authority.map_or_else(|| Ok(Vec::new()), |authority| authority.write(folder.path()))? {
            command.arg("--set").arg(setting);
        }
        Self::ready(command, folder, program)
    }

    /// Starts a node on the chain in `data` of a folder.
    pub(crate) fn start_node(program: &Path, folder: TempDir) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command.args(["node", "run", "--json", "--grpc", "127.0.0.1:0", "--http", "off", "--set", "log.filter=error"]);
        command.arg("--data").arg(folder.path().join("data")).arg("--socket").arg(folder.path().join("socket"));
        Self::ready(command, folder, program)
    }

    /// Starts a command that serves, and waits until it is ready.
    fn ready(mut command: Command, folder: TempDir, program: &Path) -> Result<Self, Error> {
        let failed = |what: String| Error::Server { program: program.display().to_string(), what };
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|error| failed(error.to_string()))?;
        match ready_line(&mut child).and_then(|line| addresses(&line)) {
            Ok((tcp, socket)) => Ok(Self { child, tcp, socket, folder: Some(folder) }),
            Err(what) => {
                end(&mut child);
                Err(failed(what))
            }
        }
    }

    /// Kills it, and hands its folder over.
    pub(crate) fn end(mut self) -> TempDir {
        end(&mut self.child);
        self.folder.take().expect("it is taken once")
    }

    /// The processor time that it has used.
    pub(crate) fn cpu_time(&self) -> Result<Duration, Error> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = fs::read_to_string(&path).map_err(|error| Error::io(Path::new(&path), error))?;
        let ticks = ticks(&text).ok_or_else(|| Error::io(Path::new(&path), std::io::ErrorKind::InvalidData.into()))?;
        Ok(Duration::from_secs_f64(ticks as f64 / TICKS_PER_S))
    }

    /// The most memory that it has had, in bytes.
    pub(crate) fn memory_max(&self) -> Result<u64, Error> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).map_err(|error| Error::io(Path::new(&path), error))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kibibytes.map(|kibibytes| kibibytes << 10).ok_or_else(|| Error::io(Path::new(&path), std::io::ErrorKind::InvalidData.into()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// It may have ended by itself.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// The first line that a server prints, or what happened instead.
fn ready_line(child: &mut Child) -> Result<String, String> {
    let stdout = child.stdout.take().ok_or("it has no standard output")?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        let _ = sender.send(reader.read_line(&mut line).map(|_| line));
        // Whatever follows is taken, so that the server never waits for a reader.
        let mut rest = [0; 4096];
        while reader.read(&mut rest).is_ok_and(|bytes| bytes > 0) {}
    });
    let deadline = Instant::now() + START_TIME_MAX;
    match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(Ok(line)) if line.trim().is_empty() => Err("it ended before it was ready; its message stands above".to_owned()),
        Ok(Ok(line)) => Ok(line),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it was not ready within {START_TIME_MAX:?}")),
    }
}

/// Where it listens: over TCP and on a socket.
fn addresses(line: &str) -> Result<(Address, Address), String> {
    let ready: Ready =
        serde_json::from_str(line).map_err(|error| format!("its first line is not the expected JSON: {error}: {}", line.trim()))?;
    let address = |text: Option<String>| text.ok_or("it does not say where it listens")?.parse().map_err(|error| format!("{error}"));
    Ok((address(ready.grpc)?, address(ready.socket)?))
}

/// User and system time, from the fields after the program's name, which stands in parentheses and may hold any others.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "17 (a) b) (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("17 (cut) S 1"), None);
    }

    #[test]
    fn the_ready_line_says_where_it_listens() {
        let line = r#"{"grpc":"http://127.0.0.1:7410","http":null,"socket":"unix:/run/s"}"#;
        let (tcp, socket) = addresses(line).unwrap();
        assert_eq!([tcp.to_string(), socket.to_string()], ["http://127.0.0.1:7410", "unix:/run/s"]);
        assert!(addresses("{\"grpc\":null}").unwrap_err().contains("where it listens"));
        assert!(addresses("hello").unwrap_err().contains("hello"));
    }

    #[test]
    fn a_program_that_is_no_server_is_named() {
        let error = Server::start(Path::new("/bin/true"), None, 0).err().unwrap().to_string();
        assert!(error.contains("/bin/true") && error.contains("before it was ready"), "{error}");
    }
}
