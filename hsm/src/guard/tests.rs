//! The guard on a disk that fails and loses its power at every point, and on a real one under processes that are killed.

use std::{
    io::{BufRead, BufReader, Write as _},
    process::{Command, Stdio},
};

use super::*;
use crate::{
    Algorithm,
    payload::Step,
    storage::simulated::{Fault, Simulated, Tear},
};

const CHAIN: &str = "test-1";

fn key(name: &str) -> KeyInfo {
    let mut public_key = [4; 65];
    public_key[1..33].copy_from_slice(&sha256(name.as_bytes()));
    KeyInfo { label: name.parse().expect("a label"), algorithm: Algorithm::Sm2, public_key }
}

fn at(height: u64, round: u32, step: Step) -> Position {
    Position { height, round, step }
}

fn vote(guard: &Guard, name: &str, position: Position, digest: u8) -> Result<(), Kind> {
    let answers = guard.permit(&key(name), CHAIN, &[(position, [digest; 32])]);
    assert_eq!(answers.len(), 1);
    answers[0].as_ref().copied().map_err(|error| error.kind)
}

fn made() -> (tempfile::TempDir, Guard) {
    let folder = tempfile::tempdir().expect("a folder");
    let guard = Guard::create(folder.path()).expect("a guard");
    (folder, guard)
}

fn simulated(disk: &Simulated) -> Result<Guard, Error> {
    Guard::open_in(Box::new(disk.clone()), "guard".to_owned(), None)
}

fn simulated_new(disk: &Simulated) -> Result<Guard, Error> {
    Guard::create_in(Box::new(disk.clone()), "guard".to_owned(), None)
}

#[test]
fn what_is_lower_or_conflicts_is_refused_also_after_a_restart() {
    let (folder, guard) = made();
    let last = at(7, 2, Step::Prevote);
    assert_eq!(vote(&guard, "a", last, 1), Ok(()));
    drop(guard);
    for restarts in 0..3 {
        let guard = Guard::open(folder.path()).expect("the guard");
        assert_eq!(vote(&guard, "a", last, 1), Ok(()), "the same again");
        for lower in [at(6, 9, Step::Precommit), at(7, 1, Step::Precommit), at(7, 2, Step::Propose), at(0, 0, Step::Propose)] {
            assert_eq!(vote(&guard, "a", lower, 1), Err(Kind::DoubleVote), "{lower} after {restarts} restarts");
        }
        assert_eq!(vote(&guard, "a", last, 2), Err(Kind::DoubleVote), "another digest");
        assert_eq!(vote(&guard, "b", at(1, 0, Step::Propose), restarts), if restarts == 0 { Ok(()) } else { Err(Kind::DoubleVote) });
    }
    let guard = Guard::open(folder.path()).expect("the guard");
    for higher in [at(7, 2, Step::Precommit), at(7, 3, Step::Propose), at(8, 0, Step::Propose), at(u64::MAX, u32::MAX, Step::Precommit)] {
        assert_eq!(vote(&guard, "a", higher, 3), Ok(()), "{higher}");
    }
}

#[test]
fn votes_of_one_call_are_judged_one_after_the_other() {
    let (_folder, guard) = made();
    let votes = [(5, 1), (6, 1), (6, 1), (6, 2), (5, 1), (7, 1)].map(|(height, digest)| (at(height, 0, Step::Prevote), [digest; 32]));
    let answers: Vec<_> = guard.permit(&key("a"), CHAIN, &votes).into_iter().map(|answer| answer.is_ok()).collect();
    assert_eq!(answers, [true, true, true, false, false, true]);
}

#[test]
fn two_labels_of_one_key_share_one_state_and_a_new_key_of_a_label_has_its_own() {
    let (_folder, guard) = made();
    let place = at(5, 0, Step::Prevote);
    assert_eq!(vote(&guard, "a", place, 1), Ok(()));
    let other_label = KeyInfo { label: "other".parse().expect("a label"), ..key("a") };
    assert_eq!(guard.permit(&other_label, CHAIN, &[(place, [2; 32])])[0].as_ref().expect_err("one key").kind, Kind::DoubleVote);
    let new_key = KeyInfo { label: key("a").label, ..key("b") };
    guard.permit(&new_key, CHAIN, &[(place, [2; 32])])[0].as_ref().expect("another key");
}

#[test]
fn a_key_votes_on_one_chain() {
    let (_folder, guard) = made();
    assert_eq!(vote(&guard, "a", at(5, 0, Step::Prevote), 1), Ok(()));
    let error = guard.permit(&key("a"), "test-2", &[(at(6, 0, Step::Prevote), [1; 32])]).remove(0).expect_err("another chain");
    assert_eq!(error.kind, Kind::Storage);
}

#[test]
fn one_process_at_a_time_has_it() {
    let (folder, guard) = made();
    let error = Guard::open(folder.path()).err().expect("it is open");
    assert!(error.what.contains("another process"), "{error}");
    assert_eq!(vote(&guard, "a", at(5, 0, Step::Prevote), 1), Ok(()));
    assert_eq!(read(folder.path()).expect("readable all the same")[0].last.position, at(5, 0, Step::Prevote));
}

#[test]
fn nothing_is_begun_anew_silently() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in [folder.path().to_owned(), folder.path().join("missing")] {
        let error = Guard::open(&path).err().expect("no guard");
        assert_eq!(error.kind, Kind::Storage);
        assert!(error.remedy.contains("guard create"), "{error}");
    }
    drop(Guard::create(folder.path()).expect("a guard"));
    assert_eq!(Guard::create(folder.path()).err().expect("there is one").kind, Kind::KeyExists);
}

#[test]
fn one_damaged_copy_is_mended_and_two_are_an_error() {
    let disk = Simulated::default();
    let guard = simulated_new(&disk).expect("a guard");
    let last = at(5, 0, Step::Prevote);
    assert_eq!(vote(&guard, "a", last, 1), Ok(()));
    guard.mirror(&key("a"));
    let file = key_file(&key("a").public_key);
    for offset in slot::OFFSETS {
        disk.damage(&file, |bytes| bytes[offset + 25] ^= 1);
        let guard = simulated(&disk).expect("the other copy");
        assert_eq!(vote(&guard, "a", last, 2), Err(Kind::DoubleVote));
    }
    disk.damage(&file, |bytes| slot::OFFSETS.iter().for_each(|offset| bytes[offset + 25] ^= 1));
    let error = simulated(&disk).err().expect("both copies are damaged");
    assert_eq!((error.kind, error.remedy.contains("guard import")), (Kind::Storage, true), "{error}");
}

#[test]
fn a_lost_file_and_a_damaged_index_are_errors() {
    let disk = Simulated::default();
    let guard = simulated_new(&disk).expect("a guard");
    assert_eq!(vote(&guard, "a", at(5, 0, Step::Prevote), 1), Ok(()));
    let lost = disk.after_restart();
    lost.lose(&key_file(&key("a").public_key));
    let error = simulated(&lost).err().expect("the file is lost");
    assert!(error.what.contains("is lost"), "{error}");
    for position in [0, 20, 40] {
        let damaged = disk.after_restart();
        damaged.damage(INDEX, |bytes| bytes[position] ^= 1);
        assert_eq!(simulated(&damaged).err().expect("a damaged index").kind, Kind::Storage);
    }
    let lost = disk.after_restart();
    lost.lose(INDEX);
    assert_eq!(simulated(&lost).err().expect("no index").kind, Kind::Storage);
}

/// What is asked of the guard: the key, the place, the digest. Some of it conflicts.
fn script() -> Vec<(&'static str, Position, u8)> {
    let (propose, prevote, precommit) = (Step::Propose, Step::Prevote, Step::Precommit);
    vec![
        ("a", at(1, 0, propose), 1),
        ("a", at(1, 0, prevote), 2),
        ("a", at(1, 0, prevote), 3),
        ("b", at(9, 0, prevote), 4),
        ("a", at(1, 0, prevote), 2),
        ("a", at(1, 0, precommit), 5),
        ("b", at(9, 0, prevote), 6),
        ("a", at(1, 0, propose), 7),
        ("b", at(9, 1, prevote), 8),
        ("a", at(2, 0, precommit), 9),
        ("a", at(2, 0, precommit), 9),
    ]
}

type Left = Vec<(&'static str, Position, u8)>;

/// Asks for everything in the script; what left, none of it a second vote.
fn play(guard: &Guard) -> Left {
    let mut left: Left = Vec::new();
    for (step, (name, position, digest)) in script().into_iter().enumerate() {
        if vote(guard, name, position, digest).is_ok() {
            left.push((name, position, digest));
        }
        // Not after each: so that a write meets a file with one whole copy.
        if step % 3 == 0 {
            guard.mirror(&key(name));
        }
    }
    assert_no_double_vote(&left);
    left
}

fn assert_no_double_vote(left: &Left) {
    for (index, (name, position, digest)) in left.iter().enumerate() {
        for (other_name, other_position, other_digest) in &left[..index] {
            if name == other_name {
                assert!(other_position < position || (other_position, other_digest) == (position, digest), "{name} voted twice: {left:?}");
            }
        }
    }
}

/// That a guard which was opened anew refuses every second vote, and goes on.
fn assert_safe(guard: &Guard, left: &Left, when: &str) {
    for (name, position, digest) in left {
        assert_eq!(vote(guard, name, *position, digest ^ 0x80), Err(Kind::DoubleVote), "{name} at {position}, {when}");
    }
    for name in ["a", "b"] {
        assert_eq!(vote(guard, name, at(100, 0, Step::Propose), 1), Ok(()), "{name} goes on, {when}");
    }
}

#[test]
fn the_script_without_faults() {
    let disk = Simulated::default();
    assert_eq!(play(&simulated_new(&disk).expect("a guard")).len(), 8);
}

/// Every operation fails in every way, or loses its power; then every state that the disk may be in. Nothing that left is ever contradicted.
#[test]
fn no_fault_at_any_point_lets_a_second_vote_through() {
    let clean = Simulated::default();
    let guard = simulated_new(&clean).expect("a guard");
    let before = clean.operations();
    play(&guard);
    let operations = clean.operations() - before;
    assert!(operations > 30, "{operations} operations");
    for operation in 0..operations {
        for fault in Fault::ALL {
            let disk = Simulated::default();
            let guard = simulated_new(&disk).expect("a guard");
            disk.fail(operation, fault);
            let left = play(&guard);
            let when = format!("operation {operation} of {operations}, {fault:?}");
            if fault != Fault::PowerGoes {
                assert_safe(&simulated(&disk.after_restart()).unwrap_or_else(|error| panic!("{when}: {error}")), &left, &when);
            }
            for tear in Tear::ALL {
                for names in [false, true] {
                    let when = format!("{when}, {tear:?}, names {names}");
                    let cut = disk.after_power_cut(tear, names);
                    second_fault(&cut, &left, &when);
                    assert_safe(&simulated(&cut).unwrap_or_else(|error| panic!("{when}: {error}")), &left, &when);
                }
            }
        }
    }
}

/// The power goes again, at every point of the start.
fn second_fault(disk: &Simulated, left: &Left, when: &str) {
    for operation in 0.. {
        let again = disk.after_power_cut(Tear::Nothing, true);
        again.fail(operation, Fault::PowerGoes);
        let opened = simulated(&again).is_ok();
        for tear in [Tear::Nothing, Tear::FirstHalf, Tear::Garbage] {
            let when = format!("{when}, then operation {operation} of the start, {tear:?}");
            let cut = again.after_power_cut(tear, true);
            assert_safe(&simulated(&cut).unwrap_or_else(|error| panic!("{when}: {error}")), left, &when);
        }
        if opened {
            return;
        }
    }
}

/// A fault while the guard is made leaves nothing that looks like one but is none.
#[test]
fn a_guard_that_was_not_made_whole_can_be_made_again() {
    for operation in 0..5 {
        for fault in Fault::ALL {
            let disk = Simulated::default();
            disk.fail(operation, fault);
            if simulated_new(&disk).is_ok() {
                continue;
            }
            for tear in Tear::ALL {
                let cut = disk.after_power_cut(tear, true);
                let guard = simulated(&cut)
                    .or_else(|_| simulated_new(&cut))
                    .unwrap_or_else(|error| panic!("{operation} {fault:?} {tear:?}: {error}"));
                assert_eq!(vote(&guard, "a", at(1, 0, Step::Propose), 1), Ok(()));
            }
        }
    }
}

#[test]
fn a_validator_moves_with_what_it_signed() {
    let (_folder, guard) = made();
    for (name, position, digest) in [("a", at(5, 1, Step::Precommit), 1), ("b", at(9, 0, Step::Propose), 2)] {
        assert_eq!(vote(&guard, name, position, digest), Ok(()));
    }
    let moved = Interchange::parse(&serde_json::to_vec(&guard.export()).expect("JSON")).expect("what was written");
    assert_eq!(moved, guard.export());
    let (_folder, other) = made();
    assert_eq!(vote(&other, "b", at(10, 0, Step::Propose), 3), Ok(()));
    other.import(&moved).expect("imported");
    assert_eq!(vote(&other, "a", at(5, 1, Step::Precommit), 1), Ok(()), "the same again");
    assert_eq!(vote(&other, "a", at(5, 1, Step::Precommit), 2), Err(Kind::DoubleVote));
    assert_eq!(vote(&other, "b", at(10, 0, Step::Propose), 3), Ok(()), "no place is lowered");
    assert_eq!(vote(&other, "b", at(9, 5, Step::Propose), 3), Err(Kind::DoubleVote));
}

#[test]
fn two_digests_at_one_place_forbid_the_place() {
    let ((_one, guard), (_two, other)) = (made(), made());
    let place = at(5, 0, Step::Prevote);
    assert_eq!(vote(&guard, "a", place, 1), Ok(()));
    assert_eq!(vote(&other, "a", place, 2), Ok(()));
    other.import(&guard.export()).expect("imported");
    for digest in [1, 2] {
        assert_eq!(vote(&other, "a", place, digest), Err(Kind::DoubleVote));
    }
    assert_eq!(vote(&other, "a", at(5, 0, Step::Precommit), 1), Ok(()));
}

#[test]
fn a_minimum_height_stands_alone() {
    let text = format!(
        r#"{{"format":"chainbox-guard","version":1,"keys":[{{"public_key":"{}","label":"a","chain":"test-1","height":77}}]}}"#,
        hex::encode(key("a").public_key)
    );
    let (_folder, guard) = made();
    guard.import(&Interchange::parse(text.as_bytes()).expect("a file")).expect("imported");
    assert_eq!(vote(&guard, "a", at(77, 5000, Step::Precommit), 1), Err(Kind::DoubleVote));
    assert_eq!(vote(&guard, "a", at(78, 0, Step::Propose), 1), Ok(()));
    for bad in
        ["", "{}", &text.replace("chainbox-guard", "other"), &text.replace("\"version\":1", "\"version\":2"), &text.replace("test-1", "")]
    {
        assert_eq!(Interchange::parse(bad.as_bytes()).expect_err(bad).kind, Kind::Input);
    }
}

#[test]
fn slots_are_read_as_they_are_written() {
    let last = Last { position: at(5, 1, Step::Precommit), digest: Some([7; 32]) };
    for last in [None, Some(last), Some(Last { digest: None, ..last })] {
        let slot = Slot { sequence: 9, public_key: [4; 65], label: key("a").label, chain: CHAIN.to_owned(), last };
        let bytes = slot.to_bytes();
        assert_eq!(bytes.len(), 293);
        assert_eq!(Slot::parse(&bytes), Ok(slot));
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert!(Slot::parse(&changed).is_err(), "byte {index}");
            assert!(Slot::parse(&bytes[..index]).is_err(), "{index} bytes");
        }
    }
}

const FOLDER: &str = "CHAINBOX_TEST_GUARD";

/// This test program again, running one of the parts below, under a shell command that may limit it.
fn part(name: &str, folder: &Path, limits: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limits} exec \"$0\" --exact guard::tests::{name} --ignored --nocapture")]);
    command.arg(std::env::current_exe().expect("this program")).env(FOLDER, folder);
    command
}

/// Votes until it is killed, and says so after each.
#[test]
#[ignore = "part of no_vote_is_lost_when_the_process_is_killed"]
fn votes_until_killed() {
    let folder = std::env::var_os(FOLDER).expect("the test sets it");
    let guard = Guard::open(Path::new(&folder)).expect("the guard");
    let first = guard.states().first().map_or(0, |state| state.last.position.height + 1);
    for height in first.. {
        assert_eq!(vote(&guard, "a", at(height, 0, Step::Prevote), 1), Ok(()));
        println!("voted {height}");
        io::stdout().flush().expect("the test reads it");
        guard.mirror(&key("a"));
    }
}

#[test]
fn no_vote_is_lost_when_the_process_is_killed() {
    let (folder, guard) = made();
    drop(guard);
    for round in 0..8 {
        let mut process = part("votes_until_killed", folder.path(), "").stdout(Stdio::piped()).spawn().expect("a process");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines().map_while(Result::ok);
        let heights = lines.by_ref().filter_map(|line| line.strip_prefix("voted ")?.parse::<u64>().ok());
        let mut voted = heights.take(1 + 37 * round).last().expect("a vote");
        process.kill().expect("killed");
        process.wait().expect("ended");
        voted = lines.filter_map(|line| line.strip_prefix("voted ")?.parse().ok()).last().unwrap_or(voted);
        let guard = Guard::open(folder.path()).expect("the guard");
        assert_eq!(vote(&guard, "a", at(voted, 0, Step::Prevote), 2), Err(Kind::DoubleVote), "round {round}");
    }
}

/// Every write beyond the limit of the process fails, as it does where the disk is full.
#[test]
#[ignore = "part of a_full_disk_stops_votes_and_nothing_else"]
fn votes_on_a_full_disk() {
    let folder = std::env::var_os(FOLDER).expect("the test sets it");
    let error = Guard::open(Path::new(&folder)).err().expect("it cannot be written");
    assert_eq!(error.kind, Kind::Storage, "{error}");
    println!("refused: {error}");
}

#[test]
fn a_full_disk_stops_votes_and_nothing_else() {
    let (folder, guard) = made();
    assert_eq!(vote(&guard, "a", at(5, 0, Step::Prevote), 1), Ok(()));
    drop(guard);
    let output = part("votes_on_a_full_disk", folder.path(), "trap '' XFSZ; ulimit -f 0;").output().expect("a process");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("refused: guard"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let guard = Guard::open(folder.path()).expect("nothing is lost");
    assert_eq!(vote(&guard, "a", at(5, 0, Step::Prevote), 2), Err(Kind::DoubleVote));
    assert_eq!(vote(&guard, "a", at(6, 0, Step::Prevote), 2), Ok(()));
}
