//! The power goes: a process stores blocks by the real store and the real database, a shim below it writes down what it does to its files, and the folder is
//! made as a power cut may leave it at each write and each sync. What was confirmed must be there, and the chain go on.
//!
//! A disk that is slow or full is made by the same shim.
//!
//! CI takes an even sample of the moments; CHAINBOX_POWER_CUTS=all takes each.

#[path = "../node/common.rs"]
mod common;
mod disk;
mod slow;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use bytes::Bytes;
use chainbox_engine::{hash::Digest, transaction::native::Suite};
use chainbox_node::{
    block::{Block, Certificate, Header},
    machine::Applied,
    state::{Change, Leaf},
    store::{Store, StoreError, StoreOptions},
    types::Place,
};
use disk::{Deed, Disk, Left};

/// The folder that the process works in that is to lose its power; none in a test.
const FOLDER: &str = "CHAINBOX_POWER_FOLDER";

/// Blocks that it stores.
const BLOCKS: u64 = 12;

/// Blocks below this one are removed in the end.
const PRUNED: u64 = 7;

/// Moments that CI takes.
const CUTS: usize = 25;

const OPTIONS: StoreOptions = StoreOptions { segment_bytes_max: 1500, cache_bytes: 1 << 20, unsorted_ids_max: 7 };

fn header(height: u64) -> Header {
    Header {
        suite: Suite::Sm,
        chain_id: 1,
        height,
        time_ms: height,
        parent: [height as u8; 32],
        proposer: 0,
        transactions: 2,
        transactions_root: [1; 32],
        state_root: [2; 32],
    }
}

fn block(height: u64) -> Block {
    let transactions = [100, 80].map(|length| Bytes::from(vec![height as u8; length])).to_vec();
    Block { header: header(height), transactions, hints: vec![Some([height as u8; 32]), None] }
}

fn certificate(height: u64) -> Certificate {
    Certificate { round: 0, votes: vec![(0, [height as u8; 64])] }
}

fn path(number: u64) -> Digest {
    let mut path = [7; 32];
    path[..8].copy_from_slice(&number.to_be_bytes());
    path
}

fn applied(height: u64) -> Applied {
    let value = Some(height.to_be_bytes().as_slice().into());
    let changes = [0, height].map(|number| Change { path: path(number), key: b"\x00key".as_slice().into(), value: value.clone() }).to_vec();
    Applied { height, changes, ids: vec![path(1000 + height), path(2000 + height)].into(), records: Vec::new() }
}

/// What the state is after a block.
fn state_at(height: u64) -> BTreeMap<Digest, u64> {
    (1..=height).map(|number| (path(number), number)).chain([(path(0), height)]).collect()
}

/// The process that is to lose its power. As a test it does nothing.
#[test]
fn the_process_under_the_shim() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let confirmed = folder.join("confirmed");
    fs::write(&confirmed, "").unwrap();
    let first = Leaf { path: path(0), key: b"\x00key".as_slice().into(), value: 0_u64.to_be_bytes().as_slice().into() };
    let chain = folder.join("chain");
    let store = Store::create(&chain, &Header { transactions: 0, ..header(0) }, std::iter::once(first), &OPTIONS).unwrap();
    for height in 1..=BLOCKS {
        if let Err(error) = store.append(height, &block(height).to_bytes()) {
            assert!(matches!(error, StoreError::Io { .. }), "{error}");
            // Whatever comes after a failed write is refused, and what was confirmed can be read.
            assert!(matches!(store.append(height, &block(height).to_bytes()), Err(StoreError::Poisoned(_))));
            assert!((1..height).all(|height| store.block(height).unwrap() == Some(block(height))));
            return;
        }
        // The mark of a confirmation: it stands in the order of all that is done.
        fs::write(&confirmed, height.to_string()).unwrap();
        if store.certify(height, &certificate(height)).is_err() {
            return;
        }
        if height % 3 != 0 && store.apply(&applied(store.state_height().unwrap() + 1)).is_err() {
            return;
        }
        if height % 5 == 0 && store.persist().is_err() {
            return;
        }
    }
    // What the database took over since it was put on the disk last must not be lost with the blocks.
    let _ = store.prune(PRUNED);
}

/// The shim, built below a folder.
fn shim(folder: &Path) -> PathBuf {
    let shim = folder.join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power/shim.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).arg(&shim).arg(source).arg("-ldl").status().unwrap();
    assert!(built.success());
    shim
}

/// Runs a process of this program under the shim, which watches a folder.
fn under_the_shim(folder: &Path, test: &str, settings: &[(&str, &str)]) {
    let root = folder.join("root");
    fs::create_dir(&root).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--test-threads", "1"]).env(FOLDER, &root).env("TMPDIR", &root);
    command.env("LD_PRELOAD", shim(folder)).env("POWER_ROOT", &root).envs(settings.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

/// Runs the process, and gives what it did, and where.
fn run(mutation: &[(&str, &str)]) -> (tempfile::TempDir, Vec<Deed>) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let settings = [&[("POWER_LOG", log.to_str().unwrap())], mutation].concat();
    under_the_shim(folder.path(), "the_process_under_the_shim", &settings);
    let deeds = disk::read(&log);
    (folder, deeds)
}

/// What is wrong with a folder, of whose blocks so many were confirmed.
fn fault(folder: &Path, confirmed: u64) -> Option<String> {
    let (store, _) = match Store::open(&folder.join("chain"), &OPTIONS) {
        Ok(opened) => opened,
        // A chain that was not made yet holds nothing.
        Err(_) if confirmed == 0 => return None,
        Err(error) => return Some(error.to_string()),
    };
    if store.head() < confirmed {
        return Some(format!("{confirmed} blocks were confirmed, and {} are there", store.head()));
    }
    let first = store.first().unwrap().unwrap_or(1);
    if first > PRUNED || (first > 1 && store.head() < BLOCKS) {
        return Some(format!("blocks from {first} on are there"));
    }
    for height in first..=store.head() {
        match store.block(height) {
            Ok(found) if found == Some(block(height)) => {}
            other => return Some(format!("block {height}: {other:?}")),
        }
    }
    let mut height = store.state_height().unwrap();
    while height < store.head() {
        height += 1;
        if store.certificate(height).unwrap().is_none() {
            if height < store.head() {
                return Some(format!("block {height} of {} has no certificate", store.head()));
            }
            store.certify(height, &certificate(height)).unwrap();
        }
        store.apply(&applied(height)).unwrap();
    }
    for height in 1..=height {
        let place = Some(Place { height, index: 1 });
        if store.find(&path(2000 + height)).unwrap() != place {
            return Some(format!("a transaction of block {height} is not found"));
        }
    }
    let mut state = BTreeMap::new();
    for leaf in store.view().leaves().map(Result::unwrap) {
        state.insert(leaf.path, u64::from_be_bytes((*leaf.value).try_into().unwrap()));
    }
    if state != state_at(height) {
        return Some("the state is not that of the blocks".to_owned());
    }
    // It goes on.
    store.append(height + 1, &block(height + 1).to_bytes()).err().map(|error| error.to_string())
}

/// The faults after power cuts at some moments of what was done.
fn faults(root: &Path, deeds: &[Deed], kinds: &[Left]) -> Vec<String> {
    let step = if env::var("CHAINBOX_POWER_CUTS").is_ok_and(|text| text == "all") { 1 } else { deeds.len().div_ceil(CUTS) };
    let (mut disk, mut confirmed, mut faults) = (Disk::default(), 0, Vec::new());
    for (number, deed) in deeds.iter().enumerate() {
        disk.take(deed);
        if let Deed::Written { bytes, path, .. } = deed
            && path.ends_with("confirmed")
        {
            confirmed = String::from_utf8(bytes.clone()).unwrap().parse().unwrap();
        }
        if number % step != step - 1 && number + 1 != deeds.len() {
            continue;
        }
        for left in kinds {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("chain")).unwrap();
            disk.write(*left, root, folder.path());
            if let Some(fault) = fault(folder.path(), confirmed) {
                faults.push(format!("after {} of {} deeds ({deed:.60?}), {left:?}: {fault}", number + 1, deeds.len()));
            }
        }
    }
    faults
}

/// The shim sees everything: all deeds together make the folder that the process left.
#[test]
fn the_shim_misses_nothing() {
    let (folder, deeds) = run(&[]);
    let root = folder.path().join("root");
    let mut disk = Disk::default();
    deeds.iter().for_each(|deed| disk.take(deed));
    let made = tempfile::tempdir().unwrap();
    disk.write(Left::Everything, &root, made.path());
    let (made, found) = (files(made.path()), files(&root));
    let differs = |path: &PathBuf| {
        (made.get(path) != found.get(path)).then(|| (path.clone(), made.get(path).map(Vec::len), found.get(path).map(Vec::len)))
    };
    let different: Vec<_> = made.keys().chain(found.keys()).filter_map(differs).collect();
    assert!(different.is_empty(), "{different:?}");
    assert!(found.len() > 8, "{:?}", found.keys());
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn below(folder: &Path, root: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, root, files);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    below(folder, folder, &mut found);
    found
}

#[test]
fn what_was_confirmed_survives_a_power_cut() {
    let (folder, deeds) = run(&[]);
    let faults = faults(&folder.path().join("root"), &deeds, &Left::ALL);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The test can fail: without the syncs of segments, confirmed blocks are lost.
#[test]
fn a_removed_sync_is_found() {
    let (folder, deeds) = run(&[("POWER_NO_SYNC", ".seg")]);
    let faults = faults(&folder.path().join("root"), &deeds, &[Left::SyncedBytes]);
    assert!(!faults.is_empty());
}

/// A disk that is full from some write on: what was confirmed before is there, and after a restart the chain goes on.
#[test]
fn a_full_disk_loses_nothing() {
    let (_, all) = run(&[]);
    let is_mark = |deed: &Deed| matches!(deed, Deed::Written { path, .. } if path.ends_with("confirmed"));
    let writes = |deeds: &[Deed]| deeds.iter().filter(|deed| matches!(deed, Deed::Written { .. }) && !is_mark(deed)).count();
    let made = writes(&all[..all.iter().position(is_mark).unwrap()]);
    for share in [0, 3, 5, 7, 9] {
        let limit = (made + (writes(&all) - made) * share / 10).to_string();
        let (folder, deeds) = run(&[("POWER_FAIL_AFTER", &limit)]);
        let marks = deeds.iter().filter_map(|deed| match deed {
            Deed::Written { bytes, path, .. } if path.ends_with("confirmed") => {
                String::from_utf8(bytes.clone()).unwrap().parse::<u64>().ok()
            }
            _ => None,
        });
        assert_eq!(fault(&folder.path().join("root"), marks.max().unwrap_or(0)), None, "{limit} writes");
    }
}
