//! Help, completions and man pages.

use std::fs;

use crate::run::chainbox;

/// What `chainbox verify --help` says. Write the file anew with: chainbox verify --help > verify_help.txt
const VERIFY_HELP: &str = include_str!("verify_help.txt");

#[test]
fn help_is_as_recorded() {
    let run = chainbox(["verify", "--help"], "");
    assert_eq!((run.code, run.stdout.as_str()), (0, VERIFY_HELP));
}

#[test]
fn help_lines_that_must_not_wrap_fit_80_characters() {
    let (_, after_options) = VERIFY_HELP.split_once("Formats (").unwrap();
    let long: Vec<&str> = after_options.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn without_a_command_the_help_is_shown() {
    let run = chainbox([""; 0], "");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("Usage: chainbox <COMMAND>") && run.stderr.contains("Exit status:"), "{run:?}");
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = chainbox(["completions", shell], "");
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("only-mismatches"), "{shell}");
    }
}

#[test]
fn man_pages_are_roff() {
    let run = chainbox(["man"], "");
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains(".TH chainbox 1"), "{}", run.stdout);
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man1");
    let run = chainbox(["man".as_ref(), "--dir".as_ref(), pages.as_os_str()], "");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    for page in ["chainbox.1", "chainbox-verify.1", "chainbox-generate.1", "chainbox-up.1", "chainbox-config-check.1"] {
        assert!(fs::read_to_string(pages.join(page)).unwrap().contains(".SH"), "{page}");
    }
}
