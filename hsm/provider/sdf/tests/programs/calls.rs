//! What the functions answer: by the standards' examples, by what callers get wrong, from many threads, and after a fork.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
    thread,
    time::Duration,
};

use super::host::{Build, Host, is_installed, library, root, succeeded};

#[test]
fn the_standards_examples_hold() {
    succeeded(&Host::new().run("vectors.c", &[]));
}

#[test]
fn misuse_is_answered_with_the_codes_of_the_standard() {
    let log = succeeded(&Host::new().run("misuse.c", &[]));
    assert!(log.contains("wrong password of index 1") && log.contains("index 2 has no password"), "{log}");
}

/// Under valgrind what the library itself reads and writes is watched too.
#[test]
fn misuse_reads_and_writes_nothing_that_is_not_there() {
    let host = Host::new();
    if let Some(program) = host.compile("misuse.c", Build::Address) {
        succeeded(&host.end(host.command(program).arg(library())));
    }
    if is_installed("valgrind") {
        let program = host.compile("misuse.c", Build::Plain).expect("a compiler compiles");
        let mut valgrind = host.command("valgrind");
        succeeded(&host.end(valgrind.args(["--quiet", "--error-exitcode=9"]).arg(program).arg(library())));
    }
}

#[test]
fn files_are_kept_and_no_name_leads_out_of_the_folder() {
    let host = Host::new();
    succeeded(&host.run("files.c", &[]));
    let mut names: Vec<_> = fs::read_dir(host.path("files")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["lock", "state-1.bin.sdf"]);
    assert_eq!(&fs::read(host.path("files/state-1.bin.sdf")).unwrap()[4..21], b"what must survive");
}

#[test]
fn many_threads_get_their_own_answers() {
    succeeded(&Host::new().run("crowd.c", &["3"]));
}

/// The library itself is not instrumented: what the C side hands over and gets back is watched, and every call that the library makes of libc.
#[test]
fn many_threads_under_the_sanitizers() {
    let host = Host::new();
    if let Some(program) = host.compile("crowd.c", Build::Address) {
        succeeded(&host.end(host.command(program).arg(library()).arg("1")));
    }
    if let Some(program) = host.compile("crowd.c", Build::Thread) {
        let options = format!("suppressions={}", root().join("tests/c/thread_sanitizer.txt").display());
        succeeded(&host.end(host.command(program).env("TSAN_OPTIONS", options).arg(library()).arg("1")));
    }
}

#[test]
fn a_fork_opens_anew_and_its_parent_goes_on() {
    succeeded(&Host::new().run("fork.c", &["8"]));
}

/// Killed at any moment, a host leaves whole files, no lock that is taken, and keys that sign.
#[test]
fn a_host_that_crashes_leaves_nothing_half_done() {
    let host = Host::new();
    let program = host.compile("crash.c", Build::Plain).expect("a compiler compiles");
    for round in 0..8 {
        let mut working = host.command(&program).arg(library()).arg("work").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(working.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "works\n");
        thread::sleep(Duration::from_micros(700 * round));
        working.kill().unwrap();
        working.wait().unwrap();
        succeeded(&host.end(host.command(&program).arg(library()).arg("check")));
    }
}
