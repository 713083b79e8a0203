//! What callers get wrong.

use super::{
    build::{Libraries, Linked, is_installed, succeed},
    drive::Script,
};

#[test]
fn misuse_is_answered_with_errors() {
    let libraries = Libraries::new(Linked::Shared);
    let program = libraries.compile("misuse.c", Linked::Shared);
    succeed(&mut libraries.command(program), "");
}

#[test]
fn misuse_reads_and_writes_nothing_that_is_not_there() {
    if !is_installed("valgrind", "misuse under valgrind") {
        return;
    }
    let libraries = Libraries::new(Linked::Shared);
    let program = libraries.compile("misuse.c", Linked::Shared);
    succeed(libraries.command("valgrind").args(["--quiet", "--error-exitcode=9"]).arg(program), "");
}

/// The texts of errors, once in full.
#[test]
fn errors_say_what_to_do() {
    let mut script = Script::default();
    let mut refused = |request: &str, message: &str| script.ask(request, format!("1 0 bad argument: {message}"));
    refused("digest 9 1 width 1 00", "hash is 9: no number of enum chainbox_hash");
    refused("digest 1 1 absent", "the column of messages: is absent: set lengths or width");
    refused("digest 1 2 width 2 000000", "the column of messages: has 3 bytes for 2 strings of 2 bytes");
    refused("digest 1 2 lengths 000000 1 1", "the column of messages: its lengths add up to 2 and its data has 3 bytes");
    let key = "width 33 020000000000000000000000000000000000000000000000000000000000000000";
    refused(
        &format!("verify 3 1 1 0 1 {key} lengths - 0 absent absent absent"),
        "the column of signatures: is absent: set lengths or width",
    );
    refused(&format!("verify 3 2 1 0 1 {key} lengths - 0 lengths - 0 absent absent"), "item 0: a digest has 32 bytes, this one has 0");
    let libraries = Libraries::new(Linked::Shared);
    script.run(&mut libraries.command(libraries.compile("drive.c", Linked::Shared)));
}
