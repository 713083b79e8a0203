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
        succeed(logged_in(&card).args(["--read-object", "--type", "pubkey", "--id", id, "--output-file", "key.der"]));
        succeed(logged_in(&card).arg("--sign").args(with).args(["--signature-format", "openssl", "--output-file", "signature.der"]));
        let libcrypto = ["dgst", "-sha256", "-keyform", "DER", "-verify", "key.der", "-signature", "signature.der", "data"];
        assert_eq!(succeed(card.command("openssl").args(libcrypto)), "Verified OK\n", "{mechanism}");
        let mut signature = fs::read(card.path("signature")).expect("a signature");
        signature[9] ^= 1;
        fs::write(card.path("signature"), signature).expect("written");
        let verdict = succeed(logged_in(&card).arg("--verify").args(with).args(["--signature-file", "signature"]));
        assert!(verdict.contains("Invalid signature"), "{verdict}");
    }
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
