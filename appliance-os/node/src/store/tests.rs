use chainbox_engine::transaction::native::Suite;

use super::*;
use crate::state::Change;

const OPTIONS: StoreOptions = StoreOptions { segment_bytes_max: 1000, cache_bytes: 1 << 20, unsorted_ids_max: 20 };

fn header(height: u64, transactions: u32) -> Header {
    Header {
        suite: Suite::Sm,
        chain_id: 1,
        height,
        time_ms: height,
        parent: [height as u8; 32],
        proposer: 0,
        transactions,
        transactions_root: [1; 32],
        state_root: [2; 32],
    }
}

fn block(height: u64) -> Block {
    let transactions: Vec<_> = (0..3).map(|index| Bytes::from(vec![height as u8 + index; 50])).collect();
    Block { header: header(height, 3), hints: vec![None, Some([height as u8; 32]), None], transactions }
}

fn certificate(height: u64) -> Certificate {
    Certificate { round: 0, votes: vec![(0, [height as u8; 64])] }
}

fn id(height: u64, index: u8) -> Digest {
    let mut id = [index; 32];
    id[..8].copy_from_slice(&height.to_be_bytes());
    id
}

fn applied(height: u64) -> Applied {
    let change =
        |number: u64, value: Option<&[u8]>| Change { path: id(number, 9), key: b"\x01key".as_slice().into(), value: value.map(Into::into) };
    Applied {
        height,
        changes: vec![change(height, Some(b"value")), change(height - 1, None)],
        ids: (0..3).map(|index| id(height, index)).collect::<Vec<_>>().into(),
        records: vec![([7; 32], 2)],
    }
}

fn leaf() -> Leaf {
    Leaf { path: id(0, 9), key: b"\x00k".as_slice().into(), value: b"v".as_slice().into() }
}

fn create(folder: &Path) -> Store {
    Store::create(folder, &header(0, 0), std::iter::once(leaf()), &OPTIONS).unwrap()
}

fn grow(store: &Store, from: u64, to: u64) {
    for height in from..=to {
        store.append(height, &block(height).to_bytes()).unwrap();
        store.certify(height, &certificate(height)).unwrap();
    }
}

fn check(store: &Store, heights: RangeInclusive<u64>) {
    for height in heights {
        assert_eq!(store.block(height).unwrap(), Some(block(height)), "{height}");
        assert_eq!(store.header(height).unwrap(), Some(block(height).header));
        assert_eq!(store.certificate(height).unwrap(), Some(certificate(height)));
    }
}

#[test]
fn what_is_stored_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = create(folder.path());
    assert_eq!((store.head(), store.state_height().unwrap()), (0, 0));
    assert_eq!(store.leaf(&id(0, 9)).unwrap(), Some(leaf()));
    grow(&store, 1, 20);
    (1..=12).for_each(|height| store.apply(&applied(height)).unwrap());
    assert!(matches!(store.apply(&applied(14)), Err(StoreError::OutOfOrder { found: 14, next: 13 })));
    assert!(matches!(store.append(22, &block(22).to_bytes()), Err(StoreError::OutOfOrder { found: 22, next: 21 })));
    check(&store, 1..=20);
    drop(store);
    let (store, repairs) = Store::open(folder.path(), &OPTIONS).unwrap();
    assert_eq!((store.head(), store.state_height().unwrap(), repairs.len()), (20, 12, 0));
    assert!(store.segments.list().unwrap().len() > 3, "several segments");
    check(&store, 1..=20);
    assert_eq!(store.find(&id(5, 2)).unwrap(), Some(Place { height: 5, index: 2 }));
    assert_eq!(store.find(&id(13, 2)).unwrap(), None);
    assert_eq!(store.find_record(&[7; 32]).unwrap(), Some(Place { height: 1, index: 2 }), "the first");
    assert_eq!(store.transaction(Place { height: 7, index: 1 }).unwrap(), Some((Bytes::from(vec![8; 50]), Some([7; 32]))));
    assert_eq!(store.transaction(Place { height: 7, index: 3 }).unwrap(), None);
    let mut leaves = Vec::new();
    leaves.extend(store.view().leaves().map(|leaf| leaf.unwrap().path));
    assert_eq!(leaves, [id(12, 9)]);
    assert_eq!(store.range([0; 32]..=[255; 32]).unwrap().len(), 1);
    (13..=20).for_each(|height| store.apply(&applied(height)).unwrap());
    grow(&store, 21, 22);
    check(&store, 1..=22);
}

#[test]
fn a_folder_has_one_process_and_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Store::open(folder.path(), &OPTIONS), Err(StoreError::Unfit { .. })));
    let store = create(folder.path());
    assert!(matches!(Store::open(folder.path(), &OPTIONS), Err(StoreError::Locked(_))));
    drop(store);
    assert!(matches!(Store::create(folder.path(), &header(0, 0), std::iter::empty(), &OPTIONS), Err(StoreError::Unfit { .. })));
}

/// The last segment's bytes, and the path.
fn last_segment(folder: &Path) -> (PathBuf, Vec<u8>) {
    let segments = Segments::new(&folder.join("blocks"), 1).unwrap();
    let path = segments.path(*segments.list().unwrap().last().unwrap());
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

/// A write that was cut anywhere: the blocks before it are there, what is left of it is kept elsewhere, and the chain goes on.
#[test]
fn a_torn_tail_is_cut_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions { segment_bytes_max: 1 << 20, ..OPTIONS };
    let store = Store::create(folder.path(), &header(0, 0), std::iter::empty(), &options).unwrap();
    grow(&store, 1, 2);
    store.append(3, &block(3).to_bytes()).unwrap();
    let (path, before) = last_segment(folder.path());
    store.append_without_sync_for_tests(4);
    drop(store);
    let whole = fs::read(&path).unwrap();
    for end in before.len() + 1..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let (store, repairs) = Store::open(folder.path(), &options).unwrap();
        assert_eq!((store.head(), repairs.len()), (3, 1), "{end}");
        assert_eq!((repairs[0].offset, repairs[0].bytes), (before.len() as u64, (end - before.len()) as u64));
        assert_eq!(fs::read(&repairs[0].kept_in).unwrap(), &whole[before.len()..end]);
        assert_eq!(store.certificate(3).unwrap(), None);
        check(&store, 1..=2);
    }
    let (store, repairs) = Store::open(folder.path(), &options).unwrap();
    assert_eq!(repairs, []);
    store.certify(3, &certificate(3)).unwrap();
    grow(&store, 4, 5);
    check(&store, 1..=5);
}

/// A changed byte anywhere is never a wrong block: the tail is cut where nothing stands behind it, and else the place is named.
#[test]
fn a_flipped_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions { segment_bytes_max: 1 << 20, ..OPTIONS };
    let store = Store::create(folder.path(), &header(0, 0), std::iter::empty(), &options).unwrap();
    grow(&store, 1, 3);
    drop(store);
    let (path, whole) = last_segment(folder.path());
    let last = whole.len() - HEAD_AND_CERTIFICATE;
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 0x10;
        fs::write(&path, &changed).unwrap();
        match Store::open(folder.path(), &options) {
            Ok((store, repairs)) => {
                assert!(place >= last, "{place}");
                assert_eq!((store.head(), repairs.len()), (3, 1));
                check(&store, 1..=2);
                assert_eq!(store.block(3).unwrap(), Some(block(3)));
            }
            Err(StoreError::Damaged { place: said, .. }) => {
                assert!(place < last && said.contains(&path.display().to_string()), "{place} {said}");
            }
            Err(error) => panic!("{place}: {error}"),
        }
    }
    // The same behind the database's back: what it has taken over is read with its checksum.
    fs::write(&path, &whole).unwrap();
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    (1..=3).for_each(|height| store.apply(&applied(height)).unwrap());
    drop(store);
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    for place in 0..last {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        let read: Vec<_> = (1..=3).map(|height| store.block(height)).collect();
        assert!(read.iter().zip(1..).all(|(read, height)| read.as_ref().map_or(true, |read| *read == Some(block(height)))), "{place}");
    }
}

/// Bytes of the last record of a segment that ends with a certificate.
const HEAD_AND_CERTIFICATE: usize = record::HEAD_BYTES + 6 + 66;

impl Store {
    /// A block as a process leaves it that is killed within its append.
    fn append_without_sync_for_tests(&self, height: u64) {
        let mut writer = self.writer().unwrap();
        self.segments.append(&mut writer.end, Kind::Block, height, &block(height).to_bytes()).unwrap();
    }
}
