//! C programs that load the library, and what they are told where its settings are broken.

use std::{env, fs, process::Command};

use super::{
    build::{Sanitizer, compile, fail, is_installed, library, succeed},
    card::{Card, Login, PASSWORD},
};

/// Rounds of each thread; the variable sets more.
const ROUNDS_VARIABLE: &str = "CHAINBOX_CARD_ROUNDS";
const ROUNDS: &str = "20";

fn rounds() -> String {
    env::var(ROUNDS_VARIABLE).unwrap_or_else(|_| ROUNDS.to_owned())
}

#[test]
fn misuse_is_answered_with_the_standard_s_codes() {
    let card = Card::new(Login::Needed);
    succeed(card.command(compile(card.folder(), "misuse.c", Sanitizer::None)).arg(library()));
    let log = card.log();
    assert_eq!(log.matches("the PIN is not the password").count(), 2, "a wrong one and an empty one: {log}");
    assert!(log.contains("there is a key twice already; choose another label"), "{log}");
}

#[test]
fn misuse_touches_nothing_that_is_not_there() {
    let card = Card::new(Login::Needed);
    succeed(card.command(compile(card.folder(), "misuse.c", Sanitizer::Address)).arg(library()));
    if is_installed("valgrind") {
        let card = Card::new(Login::Needed);
        let program = compile(card.folder(), "misuse.c", Sanitizer::None);
        succeed(card.command("valgrind").args(["--quiet", "--error-exitcode=9"]).arg(program).arg(library()));
    }
}

#[test]
fn fifty_threads_get_their_own_answers() {
    for sanitizer in [Sanitizer::None, Sanitizer::Address, Sanitizer::Thread] {
        let card = Card::new(Login::Needed);
        let program = compile(card.folder(), "threads.c", sanitizer);
        // Rust's locks are made of futexes, which the sanitizer of threads does not know: it looks at the program's own code alone.
        succeed(card.command(program).arg(library()).arg(rounds()).env("TSAN_OPTIONS", "ignore_noninstrumented_modules=1"));
        let log = card.log();
        assert!(log.contains(" verified in ") && !log.contains("error"), "{log}");
    }
}

#[test]
fn a_child_begins_anew() {
    let card = Card::new(Login::Needed);
    succeed(card.command(compile(card.folder(), "forks.c", Sanitizer::None)).arg(library()));
    card.log();
}

#[test]
fn sm2_by_the_numbers_of_vendors() {
    let card = Card::new(Login::BySettings);
    succeed(card.command(compile(card.folder(), "sm2.c", Sanitizer::None)).arg(library()));
}

/// Fabric finds what it made in another process, and by the same name what it did not make: the id of a key is the SHA-256 of its public half.
#[test]
fn fabric_finds_its_keys_and_others() {
    let card = Card::new(Login::Needed);
    let program = compile(card.folder(), "fabric.c", Sanitizer::None);
    let ski = succeed(card.command(&program).arg(library()).arg("make"));
    succeed(card.command(&program).arg(library()).args(["use", &ski]));
    // Without the names that were given, the same id is the key's own.
    fs::remove_file(card.path("keys.names")).expect("names were kept");
    succeed(card.command(&program).arg(library()).args(["find", &ski]));
}

#[test]
fn broken_settings_are_one_line_that_says_what_to_do() {
    let card = Card::new(Login::Needed);
    let program = compile(card.folder(), "sm2.c", Sanitizer::None);
    let nowhere = card.path("nowhere");
    let nowhere = nowhere.to_str().expect("text");
    let cases = [
        ("CHAINBOX_CARD_SETTINGS", nowhere, "CHAINBOX_CARD_SETTINGS names the file: name another"),
        ("CHAINBOX_CARD_SERVICE", "box", "CHAINBOX_CARD_SERVICE"),
        ("CHAINBOX_CARD_PASSWORD", PASSWORD, "never the secret itself"),
    ];
    for (variable, value, remedy) in cases {
        let _ = fs::remove_file(card.path("log"));
        let output = fail(card.command(&program).arg(library()).env(variable, value));
        assert!(output.contains("answers 0x5 and not 0x0"), "{variable}: {output}");
        let log = card.log();
        assert!(log.lines().count() == 1 && log.contains(" error: ") && log.contains(remedy), "{variable}: {log}");
    }
    // A password that does not fit is known as soon as the card is opened.
    fs::write(card.path("password"), "wrong horse").expect("written");
    let _ = fs::remove_file(card.path("log"));
    let source = format!("file:{}", card.path("password").display());
    fail(card.command(&program).arg(library()).env("CHAINBOX_CARD_PASSWORD", source));
    assert!(card.log().contains("the password is wrong"), "{}", card.log());
}

/// The functions of the standard, and nothing else.
#[test]
fn the_library_has_the_standard_s_symbols_and_no_other() {
    let listed = succeed(Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(library()));
    let mut symbols: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    symbols.sort_unstable();
    let header = fs::read_to_string("/usr/include/p11-kit-1/p11-kit/pkcs11.h").expect("p11-kit's header: `tests/run packages` installs it");
    let list = header.split_once("struct ck_function_list\n{").expect("the list of functions").1.split_once("};").expect("its end").0;
    let mut named: Vec<&str> = list.lines().filter_map(|line| line.trim().strip_prefix("CK_")?.split([' ', ';']).next()).collect();
    named.retain(|name| name.starts_with("C_"));
    named.sort_unstable();
    assert_eq!(named.len(), 68, "{named:?}");
    assert_eq!(symbols, named);
}
