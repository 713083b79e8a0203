use std::{fs, path::Path, thread};

use chainbox_engine::{
    backend::{Backend as _, Cpu},
    batch::{Batch, Input},
    scheme::Scheme,
};
use chainbox_hsm::{
    Algorithm, Label,
    software::{Options, Software},
};
use chainbox_workloads::{Kind as Fault, Spec, Workload};

use super::*;
use crate::log::Target;

/// Settings whose log is a file in the folder.
fn settings(folder: &Path) -> Settings {
    Settings { log: Target::File(folder.join("log")), ..Settings::default() }
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap()
}

fn label(text: &str) -> Label {
    text.parse().unwrap()
}

/// The verdicts of many threads' single items are those of the engine, gathered or not; items of odd lengths too.
#[test]
fn single_items_get_the_engine_s_verdicts() {
    for (scheme, gather) in [(Scheme::Sm2Sm3, true), (Scheme::EcdsaP256Sha256, true), (Scheme::Sm2Sm3, false)] {
        let spec = Spec { input: Input::Digest, signers: 16, invalid_share: 0.3, ..Spec::new(scheme, 600) };
        let spec = Spec { invalid_kinds: Fault::all_for(spec.shape()), ..spec };
        let shape = spec.shape();
        let items = Workload::new(spec).unwrap().items(0..600);
        let mut batch = Batch::new(shape);
        items.iter().for_each(|item| item.item.push_into(&mut batch).unwrap());
        let expected = Cpu::new().verify(&batch).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let card = Card::open(Settings { gather, ..settings(folder.path()) }).unwrap();
        card.summary();
        thread::scope(|scope| {
            for first in 0..12 {
                let (card, items, expected) = (&card, &items, &expected);
                scope.spawn(move || {
                    for place in (first..items.len()).step_by(12) {
                        let verdict = card.verify(shape, items[place].item.as_item());
                        assert_eq!(verdict, Ok(expected.as_slice()[place]), "{scheme:?} {place} {:?}", items[place].kind);
                    }
                });
            }
        });
        card.summary();
        let text = log(folder.path());
        assert_eq!(text.lines().count(), 1, "nothing is said before anything is done: {text}");
        assert!(text.contains(" 600 verified in ") && text.contains("0 by the service, 600 by this process's CPU"), "{text}");
    }
}

#[test]
fn a_digest_of_another_length_gets_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let card = Card::open(settings(folder.path())).unwrap();
    let item = Item { key: &[4; 65], input: &[1; 31], signature: &[1; 64], id: None, hint: &[] };
    assert!(matches!(card.verify(Shape::digests(Scheme::Sm2Sm3), item), Err(chainbox_engine::backend::Fault::Unsupported { .. })));
}

/// Keys by a password in the settings, and by one that a user gives.
#[test]
fn keys_are_there_while_they_are_unlocked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let password = Secret::new(b"a long password".to_vec());
    let options = Options { path: path.clone(), production: false, allow_software: false };
    Software::create(&options, &password).unwrap();
    let card = Card::open(Settings { keys: Some(path), ..settings(folder.path()) }).unwrap();
    assert_eq!(card.keys().err().unwrap().kind, Kind::Pin);
    assert_eq!(card.unlock(&Secret::new(b"another".to_vec())).unwrap_err().kind, Kind::Pin);
    card.unlock(&password).unwrap();
    let keys = card.keys().unwrap();
    let public = keys.generate(&label("node"), Algorithm::Sm2).unwrap();
    let signature = keys.sign(&label("node"), &[7; 32]).unwrap();
    let item = Item { key: &public, input: &[7; 32], signature: &signature, id: None, hint: &[] };
    assert!(card.verify(Shape::digests(Scheme::Sm2Sm3), item).unwrap().is_valid());
    assert_eq!(keys.find(&label("other")).unwrap_err().kind, Kind::NoKey);
    card.lock();
    assert_eq!(card.keys().err().unwrap().kind, Kind::Pin);
    assert!(!log(folder.path()).contains("password"), "{}", log(folder.path()));
}

/// What is wrong with the settings stands in the log, once, with the remedy.
#[test]
fn broken_settings_are_explained_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let broken = [
        (Settings { sign_on_service: true, ..settings(folder.path()) }, "set service"),
        (
            Settings {
                keys: Some(folder.path().join("no")),
                password: Some("env:CHAINBOX_NO_SUCH".parse().unwrap()),
                ..settings(folder.path())
            },
            "CHAINBOX_NO_SUCH",
        ),
        (
            Settings { service: Some("unix:/nonexistent/socket".parse().unwrap()), fallback: false, ..settings(folder.path()) },
            "/nonexistent/socket",
        ),
    ];
    for (settings, part) in broken {
        let before = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        let error = Card::open(settings).err().expect(part).to_string();
        let text = log(folder.path());
        assert!(error.contains(part), "{error}");
        assert_eq!(text[before.len()..].lines().count(), 1, "{text}");
        assert!(text[before.len()..].contains(part), "{text}");
    }
}
