//! Chains as files: what goes out of one folder makes the same chain in another, and nothing else does.

use std::{fs, ops::ControlFlow, path::Path};

use chainbox_engine::{
    backend::Cpu,
    hash::Hash,
    transaction::native::{Content, Suite, Transaction},
};
use chainbox_node::{
    archive::{self, ArchiveError, Included, backup, export, import, rebuild, snapshots, snapshots_folder, unpack},
    genesis::Senders,
    node::{Answer, Keep, Node, NodeError, NodeOptions, create},
    state::Account,
    store::{Store, StoreError},
    types::Place,
    verify::{Checked, Wrong, verify_store},
};

use super::{
    asking::{runtime, start, submit},
    common::{Box, CHAIN, Key, options},
};

const SUITE: Suite = Suite::P256;

/// Segments of a few blocks.
fn small() -> NodeOptions {
    let mut options = options();
    options.store.segment_bytes_max = 2_000;
    options
}

struct Sender {
    key: Key,
    nonce: u64,
}

impl Sender {
    fn chain() -> (Self, Box) {
        let key = Key::new(SUITE);
        let chain = Box::new(SUITE, Senders::Open, Vec::new(), vec![(key.address(), 1_000_000)]);
        (Self { key, nonce: 0 }, chain)
    }

    /// Makes blocks, each with a record and a transfer.
    fn grow(&mut self, node: &Node, blocks: u64) {
        for _ in 0..blocks {
            let digest = Hash::Sha256.digest(&self.nonce.to_be_bytes());
            let to = [self.nonce as u8; 20];
            let record = Content::Record { digest: &digest, media_type: "text/plain", payload: b"" };
            let both = vec![
                self.key.transaction(CHAIN, self.nonce, record),
                self.key.transaction(CHAIN, self.nonce + 1, Content::Transfer { to: &to, amount: 10 }),
            ];
            self.nonce += 2;
            let answers = runtime().block_on(submit(node, both));
            assert!(answers.iter().all(|answer| matches!(answer, Answer::Confirmed { .. })), "{answers:?}");
        }
    }
}

/// What can be seen of a chain from a block on: identities of blocks, the sender's account, and the first record where its block is among them.
fn seen(node: &Node, sender: &Sender, from: u64) -> (Vec<String>, Account, Option<Place>) {
    let digest = Hash::Sha256.digest(&0_u64.to_be_bytes());
    let ids = (from..=node.height()).map(|height| hex::encode(node.header(height).unwrap().unwrap().id()));
    let record = node.record(&digest).unwrap().filter(|_| from == 1);
    (ids.collect(), node.account(&sender.key.address()).unwrap(), record)
}

fn verify(folder: &Path, chain: &Box) -> Result<Checked, Wrong> {
    verify_store(folder, &chain.genesis, &options(), &Cpu::new(), true, &mut |_, _| {})
}

fn keep_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Another folder with the same genesis.
fn fresh(chain: &Box) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &chain.genesis, &small()).unwrap();
    folder
}

fn take_in(chain: &Box, folder: &Path, file: &Path) -> Result<archive::Imported, ArchiveError> {
    import(folder, &chain.genesis, &small(), &Cpu::new(), file, &mut |_, _| {})
}

fn let_out(chain: &Box, from: u64, to: u64, file: &Path) -> Result<archive::Exported, ArchiveError> {
    export(chain.folder.path(), &chain.genesis, from, to, file, &mut |_| {})
}

#[test]
fn an_export_of_a_node_that_runs_is_the_same_chain_elsewhere() {
    let (mut sender, chain) = Sender::chain();
    let node = chain.try_start(chain.folder.path(), small()).unwrap();
    sender.grow(&node, 9);
    let (files, height) = (tempfile::tempdir().unwrap(), node.height());
    let [first, rest] = ["first", "rest"].map(|name| files.path().join(name));
    let exported = let_out(&chain, 1, 4, &first).unwrap();
    assert_eq!((exported.first, exported.last, exported.bytes), (1, 4, fs::metadata(&first).unwrap().len()));
    assert_eq!(let_out(&chain, 5, u64::MAX, &rest).unwrap().last, height);
    assert!(matches!(let_out(&chain, 1, 4, &first), Err(ArchiveError::Unfit { .. })), "nothing is overwritten");
    assert!(matches!(let_out(&chain, 100, 200, &files.path().join("none")), Err(ArchiveError::Unfit { .. })));
    assert!(!files.path().join("none").exists());
    let before = seen(&node, &sender, 1);
    Box::close(node);

    let other = fresh(&chain);
    assert!(matches!(take_in(&chain, other.path(), &rest), Err(ArchiveError::Gap { first: 5, next: 1, .. })));
    let imported = take_in(&chain, other.path(), &first).unwrap();
    assert_eq!((imported.height, imported.blocks, imported.known, imported.transactions), (4, 4, 0, 8));
    let again = take_in(&chain, other.path(), &first).unwrap();
    assert_eq!((again.height, again.blocks, again.known), (4, 0, 4));
    assert_eq!(take_in(&chain, other.path(), &rest).unwrap().height, height);
    assert_eq!(verify(other.path(), &chain).unwrap().blocks, height);
    let node = chain.try_start(other.path(), small()).unwrap();
    assert_eq!(seen(&node, &sender, 1), before);
    sender.grow(&node, 1);
    Box::close(node);

    // What goes on elsewhere is another history, and so is another chain.
    let node = chain.try_start(chain.folder.path(), small()).unwrap();
    sender.nonce -= 2;
    sender.grow(&node, 2);
    Box::close(node);
    let forked = files.path().join("forked");
    let_out(&chain, height, u64::MAX, &forked).unwrap();
    assert!(matches!(take_in(&chain, other.path(), &forked), Err(ArchiveError::Differs(at)) if at == height + 1));
    let (_, stranger) = Sender::chain();
    assert!(matches!(take_in(&stranger, stranger.folder.path(), &first), Err(ArchiveError::OtherChain(_))));
}

/// A file that was cut anywhere, or of which any byte changed, is refused, and leaves a chain that is right.
#[test]
fn a_changed_export_adds_nothing_wrong() {
    let (mut sender, chain) = Sender::chain();
    let node = start(&chain);
    sender.grow(&node, 2);
    Box::close(node);
    let files = tempfile::tempdir().unwrap();
    let whole = files.path().join("whole");
    let_out(&chain, 1, u64::MAX, &whole).unwrap();
    let bytes = fs::read(&whole).unwrap();
    let other = fresh(&chain);
    let changed = files.path().join("changed");
    for place in (0..bytes.len()).step_by(7) {
        fs::write(&changed, &bytes[..place]).unwrap();
        assert!(take_in(&chain, other.path(), &changed).is_err(), "cut at {place}");
        let mut flipped = bytes.clone();
        flipped[place] ^= 4;
        fs::write(&changed, &flipped).unwrap();
        assert!(take_in(&chain, other.path(), &changed).is_err(), "changed at {place}");
    }
    assert_eq!(take_in(&chain, other.path(), &whole).unwrap().height, 2);
    verify(other.path(), &chain).unwrap();
}

#[test]
fn a_pruned_chain_goes_on_from_its_snapshot() {
    let (mut sender, chain) = Sender::chain();
    let folder = chain.folder.path();
    let node = chain.try_start(folder, small()).unwrap();
    sender.grow(&node, 20);
    let early = node.block(1).unwrap().unwrap().0.transactions[0].clone();
    let early = Transaction::decode(&early).unwrap().id();
    Box::close(node);
    let store = Store::open(folder, &small().store).unwrap().0;
    let info = archive::take(folder, &store, &chain.genesis, &mut keep_on).unwrap().unwrap();
    assert_eq!(info.height, 20);
    assert!(archive::tidy(folder, &store, 4).unwrap() > 0);
    let first = store.first().unwrap().unwrap();
    assert!((2..=17).contains(&first), "{first}");
    drop(store);

    let checked = verify(folder, &chain).unwrap();
    assert_eq!((checked.first, checked.blocks), (first, 21 - first));
    let node = chain.try_start(folder, small()).unwrap();
    sender.grow(&node, 3);
    assert_eq!(node.status().unwrap().first_block, first);
    let pruned = |error: NodeError| matches!(error, NodeError::Store(StoreError::Pruned { first: at }) if at == first);
    assert!(pruned(node.block(1).unwrap_err()) && pruned(node.transaction(&early).unwrap_err()));
    assert!(node.header(1).unwrap().is_some(), "headers stay");
    Box::close(node);
    assert_eq!(verify(folder, &chain).unwrap().blocks, 24 - first);
    let file = folder.join("export");
    assert!(matches!(let_out(&chain, 1, 24, &file), Err(ArchiveError::Store(StoreError::Pruned { .. }))));
    assert_eq!(let_out(&chain, first, 24, &file).unwrap().first, first);

    // Not without the snapshot, and not with another one.
    let bytes = fs::read(&info.path).unwrap();
    for place in (0..bytes.len()).step_by(11) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1;
        fs::write(&info.path, &flipped).unwrap();
        assert!(verify(folder, &chain).is_err(), "{place}");
    }
    fs::remove_file(&info.path).unwrap();
    assert!(matches!(verify(folder, &chain), Err(Wrong::NoSnapshot(at)) if at == first));
}

#[test]
fn a_node_takes_snapshots_and_prunes_as_it_goes() {
    let (mut sender, chain) = Sender::chain();
    let folder = chain.folder.path();
    let mut options = small();
    options.keep = Keep { snapshot_blocks: 5, blocks: 3 };
    let node = chain.try_start(folder, options).unwrap();
    // It works beside the blocks: as many as it takes.
    let mut rounds = 0;
    while node.status().unwrap().first_block < 5 {
        sender.grow(&node, 5);
        rounds += 1;
        assert!(rounds < 400, "{:?}", node.status());
    }
    Box::close(node);
    let kept = snapshots(folder).unwrap();
    assert!((1..=2).contains(&kept.len()), "{kept:?}");
    assert!(kept[0].height >= Store::open(folder, &options.store).unwrap().0.first().unwrap().unwrap());
    verify(folder, &chain).unwrap();
    let node = chain.try_start(folder, options).unwrap();
    assert_eq!(node.status().unwrap().snapshot, kept.last().map(|info| info.height));
    sender.grow(&node, 1);
    Box::close(node);
}

/// Where no snapshot can be written the chain goes on, nothing is pruned, and the status says why.
#[test]
fn a_snapshot_that_fails_stops_nothing() {
    let (mut sender, chain) = Sender::chain();
    let folder = chain.folder.path();
    fs::write(snapshots_folder(folder), "no folder").unwrap();
    let mut options = small();
    options.keep = Keep { snapshot_blocks: 1, blocks: 1 };
    // Neither does a node start where its snapshots cannot be listed.
    assert!(chain.try_start(folder, options).is_err());
    fs::remove_file(snapshots_folder(folder)).unwrap();
    let node = chain.try_start(folder, options).unwrap();
    let full = snapshots_folder(folder);
    fs::write(&full, "no folder").unwrap();
    let mut rounds = 0;
    while node.status().unwrap().snapshot_problem.is_none() {
        sender.grow(&node, 1);
        rounds += 1;
        assert!(rounds < 1_000, "{:?}", node.status());
    }
    sender.grow(&node, 1);
    assert_eq!((node.status().unwrap().first_block, node.problem()), (1, None));
    Box::close(node);
}

fn backed_up(chain: &Box, file: &Path) -> archive::Backup {
    let included = vec![Included::Bytes("note".to_owned(), b"a note".to_vec())];
    backup(chain.folder.path(), CHAIN, included, file, &mut |_, _| {}).unwrap()
}

fn restored(chain: &Box, file: &Path, folder: &Path) -> Result<u64, ArchiveError> {
    unpack(file, folder, &mut |_, _| {})?;
    rebuild(folder, &chain.genesis, &small(), &mut |_, _| {})
}

/// With and without a snapshot, and with older blocks pruned, a backup of a node that runs is the chain as it was.
#[test]
fn a_backup_of_a_node_that_runs_is_restored() {
    for (snapshot_blocks, blocks) in [(0, 0), (6, 0), (6, 2)] {
        let (mut sender, chain) = Sender::chain();
        let mut options = small();
        options.keep = Keep { snapshot_blocks, blocks };
        let node = chain.try_start(chain.folder.path(), options).unwrap();
        sender.grow(&node, 14);
        if snapshot_blocks > 0 {
            while node.status().unwrap().snapshot.is_none() {
                sender.grow(&node, 1);
            }
        }
        let place = tempfile::tempdir().unwrap();
        let [file, cut, folder, refused] = ["backup.tar", "cut.tar", "restored", "refused"].map(|name| place.path().join(name));
        let made = backed_up(&chain, &file);
        // Of blocks that were pruned the index is lost with the old database.
        let before = seen(&node, &sender, made.first);
        assert_eq!((made.last, made.snapshot.is_some()), (node.height(), snapshot_blocks > 0));
        sender.grow(&node, 1);
        Box::close(node);
        sender.nonce -= 2;

        let bytes = fs::read(&file).unwrap();
        for length in (0..bytes.len() - 1024).step_by(1_531) {
            fs::write(&cut, &bytes[..length]).unwrap();
            assert!(restored(&chain, &cut, &refused).is_err(), "cut at {length}");
            let _ = fs::remove_dir_all(&refused);
        }
        assert_eq!(restored(&chain, &file, &folder).unwrap(), made.last);
        assert_eq!(fs::read(folder.join("note")).unwrap(), b"a note");
        let checked = verify(&folder, &chain).unwrap();
        assert_eq!(checked.first, made.first);
        let node = chain.try_start(&folder, options).unwrap();
        assert_eq!(seen(&node, &sender, made.first), before);
        sender.grow(&node, 2);
        Box::close(node);
        verify(&folder, &chain).unwrap();
    }
}

/// A backup whose files lead elsewhere, or that has what no backup has, is refused.
#[test]
fn a_backup_leads_nowhere_else() {
    let place = tempfile::tempdir().unwrap();
    for name in ["../outside", "/tmp/outside", "a/b/c"] {
        let file = place.path().join("evil.tar");
        let mut header = tar::Header::new_gnu();
        // As whoever means harm writes it: the library itself would refuse some of these.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(4);
        header.set_mode(0o600);
        header.set_cksum();
        let mut tar = tar::Builder::new(Vec::new());
        tar.append(&header, &b"evil"[..]).unwrap();
        fs::write(&file, tar.into_inner().unwrap()).unwrap();
        let unpacked = unpack(&file, &place.path().join("folder"), &mut |_, _| {});
        assert!(matches!(unpacked, Err(ArchiveError::Unfit { .. })), "{name}: {unpacked:?}");
    }
    assert!(!place.path().join("outside").exists());
}

/// The certificate of the last block that the database has may be lost in the segments: it is written there again.
#[test]
fn a_certificate_that_only_the_database_has_is_exported() {
    let (mut sender, chain) = Sender::chain();
    let folder = chain.folder.path();
    let node = start(&chain);
    sender.grow(&node, 3);
    Box::close(node);
    let segment = fs::read_dir(folder.join("blocks")).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(&segment).unwrap();
    fs::write(&segment, &bytes[..bytes.len() - 10]).unwrap();
    let node = start(&chain);
    sender.grow(&node, 1);
    Box::close(node);
    assert_eq!(let_out(&chain, 1, u64::MAX, &folder.join("export")).unwrap().last, 4);
    assert!(snapshots_folder(folder).read_dir().is_err(), "no snapshot was asked for");
}
