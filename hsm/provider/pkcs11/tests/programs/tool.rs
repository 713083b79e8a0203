//! OpenSC's pkcs11-tool.

use std::{fs, process::Command};

use super::{
    build::{fail, library, succeed},
    card::{Card, Login, PASSWORD},
};

fn tool(card: &Card) -> Command {
    let mut tool = card.command("pkcs11-tool");
    tool.arg("--module").arg(library());
    tool
}

fn logged_in(card: &Card) -> Command {
    let mut tool = tool(card);
    tool.args(["--login", "--pin", PASSWORD]);
    tool
}

/// The key as libcrypto reads it, a SubjectPublicKeyInfo of what `--list-objects` shows: `--read-object` of OpenSC 0.23 uses memory that it has freed
///, and gives up where somebody else has written there.
fn public_key(card: &Card, id: &str) -> Vec<u8> {
    let listed = succeed(logged_in(card).args(["--list-objects", "--type", "pubkey"]));
    let listed = listed.split("Public Key Object").find(|key| key.contains(&format!("ID:         {id}"))).expect("it is listed");
    let shown = |name: &str| {
        let line = listed.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap_or_else(|| panic!("{name} {listed}"));
        let digits = line.trim();
        (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("hex")).collect::<Vec<u8>>()
    };
    let sequence = |parts: &[&[u8]]| [&[0x30, parts.concat().len() as u8], parts.concat().as_slice()].concat();
    let algorithm = sequence(&[&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], &shown("EC_PARAMS:")]);
    sequence(&[&algorithm, &[0x03, 66, 0], &shown("EC_POINT:")[2..]])
}

#[test]
fn it_lists_makes_signs_verifies_and_destroys() {
    let card = Card::new(Login::Needed);
    let mechanisms = succeed(tool(&card).arg("--list-mechanisms"));
    for line in ["ECDSA, keySize={256,256}, sign, verify", "ECDSA-SHA256", "SHA256, digest", "mechtype-0x80008103", "generate_key_pair"] {
        assert!(mechanisms.contains(line), "{line}: {mechanisms}");
    }
    assert!(succeed(tool(&card).arg("--list-token-slots")).contains("login required"));
    for (curve, label, id) in [("EC:prime256v1", "web", "01"), ("EC:secp256k1", "coin", "02")] {
        let made = succeed(logged_in(&card).args(["--keypairgen", "--key-type", curve, "--label", label, "--id", id]));
        assert!(made.contains("Key pair generated"), "{made}");
    }
    let objects = succeed(logged_in(&card).arg("--list-objects"));
    let shown = ["label:      web", "ID:         02", "sensitive, always sensitive, never extractable, local"];
    assert!(shown.iter().all(|line| objects.contains(line)), "{objects}");
    assert!(!succeed(tool(&card).arg("--list-objects")).contains("web"), "nothing is shown before the login");
    fs::write(card.path("data"), "what is signed").expect("written");
    for (id, mechanism, data) in [("01", "ECDSA-SHA256", "data"), ("02", "ECDSA", "digest")] {
        succeed(tool(&card).args(["--hash", "--mechanism", "SHA256", "--input-file", "data", "--output-file", "digest"]));
        let with = ["--mechanism", mechanism, "--id", id, "--input-file", data];
        succeed(logged_in(&card).arg("--sign").args(with).args(["--output-file", "signature"]));
        assert!(
            succeed(logged_in(&card).arg("--verify").args(with).args(["--signature-file", "signature"])).contains("Signature is valid")
        );
        fs::write(card.path("key.der"), public_key(&card, id)).expect("written");
        succeed(logged_in(&card).arg("--sign").args(with).args(["--signature-format", "openssl", "--output-file", "signature.der"]));
        let libcrypto = ["dgst", "-sha256", "-keyform", "DER", "-verify", "key.der", "-signature", "signature.der", "data"];
        assert_eq!(succeed(card.command("openssl").args(libcrypto)), "Verified OK\n", "{mechanism}");
        let mut signature = fs::read(card.path("signature")).expect("a signature");
        signature[9] ^= 1;
        fs::write(card.path("signature"), signature).expect("written");
        let verdict = succeed(logged_in(&card).arg("--verify").args(with).args(["--signature-file", "signature"]));
        assert!(verdict.contains("Invalid signature"), "{verdict}");
    }
    assert_eq!(card.log().matches("; 1 signed").count(), 4, "each in a process of its own: {}", card.log());
    succeed(logged_in(&card).args(["--delete-object", "--type", "privkey", "--id", "01"]));
    let objects = succeed(logged_in(&card).arg("--list-objects"));
    assert!(!objects.contains("web") && objects.contains("coin"), "{objects}");
}

#[test]
fn its_own_tests_find_nothing() {
    let card = Card::new(Login::Needed);
    succeed(logged_in(&card).args(["--keypairgen", "--key-type", "EC:prime256v1", "--label", "key", "--id", "01"]));
    let tests = succeed(logged_in(&card).arg("--test"));
    assert!(tests.contains("No errors") && tests.contains("SHA256: OK"), "{tests}");
    succeed(tool(&card).arg("--test-fork"));
    let refused = fail(tool(&card).args(["--login", "--pin", "wrong horse", "--list-objects"]));
    assert!(refused.contains("CKR_PIN_INCORRECT"), "{refused}");
    card.log();
}
