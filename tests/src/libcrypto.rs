//! libcrypto's verdicts, through the C program in `tests/c`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use chainbox_engine::{
    batch::{Input, Shape},
    scheme::Scheme,
};
use tempfile::TempDir;

use crate::items::OwnedItem;

/// What to do where the program cannot be compiled or run.
const REMEDY: &str = "install a C compiler and OpenSSL 3's headers: apt-get install gcc libc6-dev libssl-dev openssl";

/// The compiled program, in a temporary folder that goes with this value.
pub struct Libcrypto {
    program: PathBuf,
    _folder: TempDir,
}

impl Libcrypto {
    /// Compiles the program with `cc`, or with what the variable CC names.
    ///
    /// # Panics
    /// Where that fails; the message says what to install.
    #[must_use]
    pub fn compile() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/libcrypto_verify.c");
        let folder = tempfile::tempdir().expect("a temporary folder (set TMPDIR to one that can be written)");
        let program = folder.path().join("libcrypto_verify");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let output = Command::new(&compiler)
            .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-o"])
            .args([&program, &source])
            .arg("-lcrypto")
            .output()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}; {REMEDY}", compiler.display()));
        assert!(output.status.success(), "{} failed; {REMEDY}\n{}", compiler.display(), String::from_utf8_lossy(&output.stderr));
        Self { program, _folder: folder }
    }

    /// Whether libcrypto accepts each item: ECDSA over digests, SM2 over digests and over messages; signatures in DER.
    ///
    /// # Panics
    /// Where the program fails or the shape is another one.
    #[must_use]
    pub fn accepts<'a>(&self, scheme: Scheme, input: Input, items: impl IntoIterator<Item = &'a OwnedItem>) -> Vec<bool> {
        let mut request = Vec::new();
        for item in items {
            write_item(&mut request, scheme, input, item);
        }
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run the libcrypto program: {error}; {REMEDY}"));
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // A thread of its own: the program answers while it reads, and neither pipe may fill up.
        let writer = thread::spawn(move || stdin.write_all(&request));
        let output = child.wait_with_output().expect("the libcrypto program can be waited for");
        let written = writer.join().expect("writing does not panic");
        assert!(output.status.success(), "the libcrypto program failed:\n{}", String::from_utf8_lossy(&output.stderr));
        written.expect("the libcrypto program reads all items");
        output.stdout.iter().map(|&verdict| verdict == b'1').collect()
    }
}

/// One item in the form that the C program documents.
fn write_item(request: &mut Vec<u8>, scheme: Scheme, input: Input, item: &OwnedItem) {
    let is_message = Shape { input, ..Shape::messages(scheme) }.has_id();
    assert!(is_message || item.input.len() == 32, "libcrypto's ECDSA takes 32-byte digests here");
    request.push(match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => b'k',
        Scheme::EcdsaP256Sha256 => b'p',
        Scheme::Sm2Sm3 => b's',
    });
    request.push(if is_message { b'm' } else { b'd' });
    for field in [&item.key, &item.input, &item.signature, &item.id] {
        let length = u32::try_from(field.len()).expect("fields are short");
        request.extend_from_slice(&length.to_be_bytes());
        request.extend_from_slice(field);
    }
}
