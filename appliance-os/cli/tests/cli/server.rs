//! `chainbox verify --server`: what can be told without a server.

use super::run::verify;

#[test]
fn a_server_takes_the_place_of_a_back_end() {
    for options in [
        "--server http://127.0.0.1:1 --backend cpu",
        "--server http://127.0.0.1:1 --strategy single",
        "--ca ca.pem",
        "--server https://127.0.0.1:1 --ca ca.pem --certificate client.pem",
        "--server https://127.0.0.1:1 --ca ca.pem --key client.key",
    ] {
        let run = verify(options, "");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{options}");
        assert!(run.stderr.contains("cannot be used with") || run.stderr.contains("not provided"), "{}", run.stderr);
    }
}

#[test]
fn what_is_wrong_with_a_server_is_one_line_and_exit_2() {
    for (options, parts) in [
        ("--server unix:/nowhere/chainbox.sock", vec!["cannot connect to unix:/nowhere/chainbox.sock", "chainbox serve"]),
        ("--server https://127.0.0.1:1", vec!["--ca FILE"]),
        ("--server https://127.0.0.1:1 --ca /nowhere/ca.pem", vec!["cannot read /nowhere/ca.pem"]),
        ("--server http://127.0.0.1:1 --ca /dev/null", vec!["https"]),
    ] {
        let run = verify(options, "");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{options}");
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(parts.iter().all(|part| run.stderr.contains(part)), "{}", run.stderr);
    }
    let run = verify("--server 127.0.0.1:7410", "");
    assert!(run.code == 2 && run.stderr.contains("write http://HOST:PORT"), "{}", run.stderr);
}
