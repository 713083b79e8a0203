//! The stand-in of a node: a C program that loads the library and calls it as the node does. It is compiled here, unless it is at hand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

use super::report::Sample;
use crate::Error;

/// Its sources, as they are in the tree.
const SOURCES: [(&str, &str); 5] = [
    ("main.c", include_str!("../../../hsm/provider/sdf/examples/fisco_node/main.c")),
    ("node.c", include_str!("../../../hsm/provider/sdf/examples/fisco_node/node.c")),
    ("software.c", include_str!("../../../hsm/provider/sdf/examples/fisco_node/software.c")),
    ("fisco_node.h", include_str!("../../../hsm/provider/sdf/examples/fisco_node/fisco_node.h")),
    ("chainbox_sdf.h", include_str!("../../../hsm/provider/sdf/include/chainbox_sdf.h")),
];

/// What to do where it cannot be compiled.
const REMEDY: &str =
    "install a C compiler and OpenSSL 3's headers (apt-get install gcc libc6-dev libssl-dev), or name a compiled one with --node";

/// The stand-in, compiled.
pub(super) struct Node {
    program: PathBuf,
    library: PathBuf,
}

/// One contender of a run, as the stand-in prints it.
#[derive(Deserialize)]
struct Line {
    what: String,
    with: String,
    calls_per_s: f64,
    p50_us: f64,
    p99_us: f64,
}

/// What a run of the stand-in measured.
pub(super) struct Lines(Vec<Line>);

impl Lines {
    /// The sample of one contender: `what` is `verify` or `sign`, `with` is `library` or `libcrypto`.
    pub(super) fn sample(&self, what: &str, with: &str) -> Result<Sample, Error> {
        let line = self.0.iter().find(|line| line.what == what && line.with == with);
        let Some(&Line { calls_per_s, p50_us, p99_us, .. }) = line else {
            return Err(Error::Node(format!("it printed nothing of {what} by {with}")));
        };
        Ok(Sample { calls_per_s, p50_us, p99_us })
    }
}

impl Node {
    /// Compiles it into a folder, unless there is one.
    pub(super) fn new(at_hand: Option<&Path>, library: &Path, folder: &Path) -> Result<Self, Error> {
        let library = library.to_owned();
        if let Some(program) = at_hand {
            return Ok(Self { program: program.to_owned(), library });
        }
        for (name, text) in SOURCES {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| Error::io(&path, error))?;
        }
        let program = folder.join("fisco_node");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut command = Command::new(&compiler);
        command.current_dir(folder).args(["-O2", "-pthread", "-I.", "-o"]).arg(&program);
        command.args(["main.c", "node.c", "software.c", "-ldl", "-lcrypto"]);
        let output = command.output().map_err(|error| Error::Node(format!("{}: {error}; {REMEDY}", compiler.display())))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Node(format!("{}: {}; {REMEDY}", compiler.display(), text.trim())));
        }
        Ok(Self { program, library })
    }

    /// Runs it, with settings of the library in its environment and none of this process's.
    pub(super) fn run(&self, arguments: &[String], settings: Option<&Path>) -> Result<Lines, Error> {
        let mut command = Command::new(&self.program);
        command.arg("--json").arg("--library").arg(&self.library).args(arguments).stdin(Stdio::null());
        for variable in ["SERVICE", "KEYS", "PASSWORD", "LOG", "SETTINGS"] {
            command.env_remove(format!("CHAINBOX_CARD_{variable}"));
        }
        command.env("CHAINBOX_CARD_SETTINGS", settings.unwrap_or(Path::new("/dev/null")));
        let output = command.output().map_err(|error| Error::io(&self.program, error))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Node(format!("{} ended with {}: {}", self.program.display(), output.status, text.trim())));
        }
        lines(&output.stdout)
    }
}

fn lines(text: &[u8]) -> Result<Lines, Error> {
    let line = |line| serde_json::from_slice(line).map_err(|error| Error::Node(format!("it printed no JSON: {error}")));
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(line);
    Ok(Lines(lines.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_prints_is_read() {
        let text =
            br#"{"what":"verify","with":"library","threads":50,"calls_per_s":100.5,"p50_us":10.0,"p99_us":90.0,"wrong":0,"ratio":2.0}
{"what":"verify","with":"libcrypto","threads":50,"calls_per_s":50.0,"p50_us":20.0,"p99_us":95.0,"wrong":0,"ratio":null}
"#;
        let lines = lines(text).unwrap();
        assert_eq!(lines.sample("verify", "library").unwrap(), Sample { calls_per_s: 100.5, p50_us: 10.0, p99_us: 90.0 });
        assert!(lines.sample("sign", "library").unwrap_err().to_string().contains("sign by library"));
    }

    #[test]
    fn a_program_that_fails_gives_no_figures() {
        let node = Node { program: "/bin/false".into(), library: "x".into() };
        let error = node.run(&[], None).err().unwrap().to_string();
        assert!(error.contains("/bin/false") && error.contains("exit status: 1"), "{error}");
    }
}
