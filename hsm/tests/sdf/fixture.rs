//! The fixture library: compiled, opened, told what to do, asked what was called.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use chainbox_engine::hash::{Digest, sha256};
use chainbox_hsm::{
    Deadline, Device, Error, Label, Signature,
    sdf::{Options, Sdf, SdfKey},
    secret::Secret,
};
use tempfile::TempDir;

/// Labels, indexes and passwords of the fixture's keys. The last needs no right.
pub const KEYS: [(&str, u32, &[u8]); 4] =
    [("audit", 1, b"first password"), ("block", 2, b"second"), ("tls", 3, b"third \xff\x01"), ("vote", 4, b"")];

/// Long enough for anything that ends.
pub fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

pub fn label(text: &str) -> Label {
    text.parse().expect("a label")
}

pub fn digest(text: &str) -> Digest {
    sha256(text.as_bytes())
}

pub fn labels() -> Vec<Label> {
    KEYS.iter().map(|(name, ..)| label(name)).collect()
}

pub fn passwords() -> BTreeMap<Label, Secret> {
    let with_password = KEYS.iter().filter(|(.., password)| !password.is_empty());
    with_password.map(|(name, _, password)| (label(name), Secret::new(password.to_vec()))).collect()
}

/// A library of its own in a folder of its own.
pub struct Fixture {
    _folder: Option<TempDir>,
    library: PathBuf,
}

/// A line of the library's log.
#[derive(Clone, Debug)]
pub struct Call {
    pub function: String,
    pub thread: u64,
    /// None where the call begins.
    pub code: Option<u32>,
}

impl Fixture {
    /// Compiles the library with `cc`, or with what the variable CC names.
    pub fn new() -> Self {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdf_fixture");
        let folder = tempfile::tempdir().expect("a temporary folder (set TMPDIR to one that can be written)");
        let library = folder.path().join("libsdf_fixture.so");
        let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
        let output = Command::new(&compiler)
            .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg("-I")
            .arg(sources.join("../../provider/sdf/include"))
            .args(["sdf_fixture.c", "faults.c", "sm2.c"].map(|source| sources.join(source)))
            .args(["-lcrypto", "-ldl"])
            .output()
            .expect("a C compiler runs: apt-get install gcc libc6-dev");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "install a C compiler and OpenSSL 3's headers: apt-get install gcc libc6-dev libssl-dev\n{said}");
        let fixture = Self { _folder: Some(folder), library };
        fs::create_dir(fixture.path("")).expect("the folder can be written");
        fixture
    }

    /// One that another process made.
    pub fn at(library: PathBuf) -> Self {
        Self { _folder: None, library }
    }

    pub fn library(&self) -> &Path {
        &self.library
    }

    fn path(&self, name: &str) -> PathBuf {
        let mut folder = self.library.clone().into_os_string();
        folder.push(".d/");
        folder.push(name);
        folder.into()
    }

    /// The fixture with all its keys.
    pub fn options(&self) -> Options {
        let keys = KEYS.iter().map(|&(name, index, _)| (label(name), SdfKey { index, password: None }));
        Options::new(&self.library, keys.collect())
    }

    pub fn open_with(&self, change: impl FnOnce(&mut Options)) -> Result<Sdf, Error> {
        let mut options = self.options();
        change(&mut options);
        Sdf::open(options, passwords())
    }

    pub fn open(&self) -> Sdf {
        self.open_with(|_| ()).expect("the fixture opens")
    }

    /// What goes wrong from now on; nothing else does.
    pub fn faults(&self, lines: &[&str]) {
        let (new, now) = (self.path("faults.new"), self.path("faults"));
        fs::write(&new, lines.join("\n") + "\n").expect("the folder can be written");
        fs::rename(new, now).expect("the folder can be written");
    }

    pub fn calls(&self) -> Vec<Call> {
        let log = fs::read_to_string(self.path("calls")).unwrap_or_default();
        log.lines().map(Call::read).collect()
    }

    /// Waits until no call is under way and no device is open: a process that ends meanwhile takes libcrypto away from its threads.
    pub fn settle(&self) {
        until(|| {
            let calls = self.calls();
            let ended = calls.iter().filter(|call| call.code.is_some()).count();
            let devices = |function: &str| calls.iter().filter(|call| call.function == function && call.code == Some(0)).count();
            2 * ended == calls.len() && devices("OpenDevice") == devices("CloseDevice")
        });
    }

    /// How many calls of a function began.
    pub fn count(&self, function: &str) -> usize {
        self.calls().iter().filter(|call| call.function == function && call.code.is_none()).count()
    }
}

impl Call {
    fn read(line: &str) -> Self {
        let mut words = line.split(' ');
        let mut word = || words.next().expect("a line has three words");
        let (function, thread, code) = (word().to_owned(), word().parse().expect("a thread"), word());
        let number = code.strip_prefix("0x").unwrap_or(code);
        let code = (code != "enters").then(|| u32::from_str_radix(number, 16).expect("a code"));
        Self { function, thread, code }
    }
}

/// Signs one digest.
pub fn sign(device: &Sdf, key: &str, deadline: Deadline) -> Result<Signature, Error> {
    device.sign(&label(key), &[digest("one")], deadline).map(|signatures| signatures[0])
}

/// Waits for what must come to be.
pub fn until(what: impl Fn() -> bool) {
    let over = soon();
    while !what() {
        assert!(!over.is_over(), "what must come to be did not");
        std::thread::sleep(Duration::from_millis(2));
    }
}
