//! Proofs: what the queue, the packer and the distributor promise holds for any use after a reset. Yosys reads the RTL, z3 finds no way out of its assertions: from the reset on for
//! some cycles, and by induction from any cycle to the next.

use std::{fs, path::Path, process::Command};

use chainbox_fpga_model::{generate::program_header, program::Program};
use tempfile::TempDir;

/// Cycles from the reset on. The induction needs the assertions of so many cycles before.
const CYCLES: &str = "6";
const CYCLES_BEFORE: &str = "3";

/// Runs a program; whether it ended well, and what it said.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; install yosys and z3 (tests/run packages does)"));
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// Whether the assertions of a module hold, with these parameters and its text changed.
fn holds(module: &str, parameters: &str, change: impl Fn(String) -> String) -> bool {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rtl").join(format!("{module}.sv"));
    fs::write(folder.join("module.sv"), change(fs::read_to_string(source).unwrap())).unwrap();
    fs::write(folder.join("program.svh"), program_header(&Program::verifier())).unwrap();
    let parameters = if parameters.is_empty() { String::new() } else { format!("chparam {parameters} {module};") };
    let script =
        format!("read_verilog -sv -formal module.sv; {parameters} prep -top {module}; async2sync; dffunmap; write_smt2 -wires module.smt2");
    let (is_read, said) = run(folder, "yosys", &["-q", "-p", &script]);
    assert!(is_read, "{said}");
    let proves = |mode: &[&str]| {
        let (holds, said) = run(folder, "yosys-smtbmc", &[&["-s", "z3", "--noprogress"], mode, &["module.smt2"]].concat());
        assert!(said.contains(if holds { "Status: PASSED" } else { "Status: FAILED" }), "{said}");
        holds
    };
    proves(&["-t", CYCLES]) && proves(&["-i", "-t", CYCLES_BEFORE])
}

#[test]
fn a_queue_gives_each_word_once_in_its_turn() {
    assert!(holds("fifo", "-set WIDTH 4 -set DEPTH 3", |text| text));
    // The proof finds what is wrong: a word is taken where there is no room; one is given twice.
    assert!(!holds("fifo", "-set WIDTH 4 -set DEPTH 2", |text| text.replace("!= {1'b1, {DEPTH{1'b0}}}", "!= '1")));
    assert!(!holds("fifo", "-set WIDTH 4 -set DEPTH 2", |text| text.replace("taken <= taken + 1'b1", "taken <= taken")));
}

#[test]
fn the_packer_loses_no_result() {
    assert!(holds("packer", "", |text| text));
    // It finds these: a beat that changes while nobody takes it; a result that is taken where there is no slot; a slot that is not cleared.
    for (right, wrong) in [
        ("assign is_free  = !out_valid || out_ready;", "assign is_free  = 1'b1;"),
        ("assign in_ready = !rst && !is_full && !emits;", "assign in_ready = !rst && !emits;"),
        ("slots    <= '0;\n        end else if", "slots    <= slots;\n        end else if"),
    ] {
        let change = |text: String| {
            assert!(text.contains(right), "{right}");
            text.replace(right, wrong)
        };
        assert!(!holds("packer", "", change), "{wrong}");
    }
}

#[test]
fn the_distributor_overruns_nobody_and_mixes_no_packets() {
    for engines in 1..=3 {
        assert!(holds("distributor", &format!("-set ENGINES {engines}"), |text| text), "{engines} engines");
    }
    // It finds these too: a beat for an engine without room; a packet that changes its engine; a result that two engines give.
    for (right, wrong) in [
        ("(taker & engine_ready) == taker", "1'b1"),
        ("if (is_under_way) taker = chosen;", "if (1'b0) taker = chosen;"),
        ("result_ready        = '0;", "result_ready        = '1;"),
    ] {
        let change = |text: String| {
            assert!(text.contains(right));
            text.replace(right, wrong)
        };
        assert!(!holds("distributor", "-set ENGINES 2", change), "{wrong}");
    }
}
