use chainbox_engine::hash::Hash;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::*;
use crate::state::MemoryLeaves;

fn hasher() -> Hasher {
    Hasher::new(Hash::Sm3)
}

/// docs/blocks.md, word for word.
fn plain(leaves: &[Leaf], depth: usize) -> (Digest, usize) {
    match leaves {
        [] => ([0; 32], 0),
        [leaf] => (Hash::Sm3.digest(&[&[0][..], &leaf.path, &Hash::Sm3.digest(&leaf.value)].concat()), 1),
        _ => {
            let (left, right): (Vec<_>, Vec<_>) = leaves.iter().cloned().partition(|leaf| !bit(&leaf.path, depth));
            let (left, right) = (plain(&left, depth + 1).0, plain(&right, depth + 1).0);
            (Hash::Sm3.digest(&[&[1][..], &left, &right].concat()), leaves.len())
        }
    }
}

fn change(key: u64, value: Option<u64>) -> Change {
    let key = StateKey::Entry { owner: [7; 20], key: key.to_be_bytes().into() };
    Change { path: key.path(&hasher()), key: key.to_bytes(), value: value.map(|value| value.to_be_bytes().into()) }
}

fn loaded(leaves: &Arc<MemoryLeaves>, leaves_max: usize, height: u64) -> State {
    let all = leaves.all();
    let options = StateOptions { leaves_max, leaves_expected: 0 };
    let shared = Arc::clone(leaves) as Arc<dyn Leaves>;
    State::load(hasher(), shared, &options, height, |give| {
        all.into_iter().for_each(give);
        Ok(())
    })
    .unwrap()
}

/// Blocks of random changes: the root is that of the definition, whether the tree grew, lost pages in between or was loaded, and all ways lead to it.
#[test]
fn roots_and_ways_are_those_of_the_definition() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for keys in [3, 40, 3000] {
        let leaves = Arc::new(MemoryLeaves::default());
        let mut state = loaded(&leaves, 20, 0);
        let mut known: HashMap<u64, u64> = HashMap::new();
        for height in 1..30_u64 {
            let mut changes: HashMap<u64, Option<u64>> = HashMap::new();
            for _ in 0..random.next_u32() % 200 {
                let value = random.next_u32().is_multiple_of(3).then(|| u64::from(random.next_u32()));
                changes.insert(u64::from(random.next_u32()) % keys, value.or_else(|| height.is_multiple_of(2).then_some(height)));
            }
            let mut list: Vec<_> = changes.iter().map(|(key, value)| change(*key, *value)).collect();
            for (key, value) in changes {
                if let Some(value) = value {
                    known.insert(key, value)
                } else {
                    known.remove(&key)
                };
            }
            let prepared = state.prepare(height, &mut list).unwrap();
            let root = prepared.root;
            state.commit(height, prepared);
            assert_eq!(state.root(), root);
            leaves.apply(&list);
            state.applied(height);
            let all = leaves.all();
            assert_eq!(root, plain(&all, 0).0, "{keys} keys, height {height}");
            assert_eq!(loaded(&leaves, 20, height).root(), root, "loaded");
            for key in (0..keys).step_by(keys as usize / 3) {
                let path = change(key, None).path;
                let way = state.prove(&path).unwrap();
                let value = known.get(&key).map(|value| value.to_be_bytes().to_vec());
                assert_eq!(way.root(&hasher(), &path), Some((root, value.as_deref())), "{key}");
                assert_eq!(state.get(&path).unwrap(), value.as_deref());
            }
        }
        assert!(state.leaves_loaded <= 20 + keys as usize, "pages are let go");
    }
}

/// No way is good for another value, another key or the contrary.
#[test]
fn a_way_that_was_changed_leads_elsewhere() {
    let leaves = Arc::new(MemoryLeaves::default());
    let mut state = loaded(&leaves, 100, 0);
    let mut changes: Vec<_> = (0..50).map(|key| change(key, Some(key))).collect();
    let prepared = state.prepare(1, &mut changes).unwrap();
    state.commit(1, prepared);
    let root = state.root();
    for key in 0..100 {
        let path = change(key, None).path;
        let way = state.prove(&path).unwrap();
        assert_eq!(way.root(&hasher(), &path).unwrap().1.is_some(), key < 50);
        let other = change(key + 1, None).path;
        assert!(way.root(&hasher(), &other).is_none_or(|(found, value)| found != root || value.is_none()), "another key");
        for index in 0..way.siblings.len() {
            let mut wrong = way.clone();
            wrong.siblings[index][5] ^= 1;
            assert_ne!(wrong.root(&hasher(), &path).unwrap().0, root);
        }
        let shorter = StatePath { siblings: way.siblings[1..].to_vec(), ..way.clone() };
        assert!(shorter.root(&hasher(), &path).is_none_or(|(found, _)| found != root));
        let nothing = StatePath { found: Found::Nothing, ..way.clone() };
        assert!(way.found == Found::Nothing || nothing.root(&hasher(), &path).unwrap().0 != root, "nothing in the place of a leaf");
        if let Found::Leaf { path: found, key, .. } = &way.found {
            let value = Box::from(*b"other");
            let wrong = StatePath { found: Found::Leaf { path: *found, key: key.clone(), value }, ..way.clone() };
            assert_ne!(wrong.root(&hasher(), &path).unwrap().0, root, "another value");
        }
    }
}

/// A page that was changed and is not applied stays, whatever the bound says: what it holds is nowhere else.
#[test]
fn what_is_not_applied_stays() {
    let leaves = Arc::new(MemoryLeaves::default());
    let mut state = loaded(&leaves, 1, 0);
    let mut changes: Vec<_> = (0..200).map(|key| change(key, Some(key))).collect();
    let prepared = state.prepare(1, &mut changes).unwrap();
    state.commit(1, prepared);
    for change in &changes {
        assert_eq!(state.get(&change.path).unwrap(), change.value.as_deref());
    }
    leaves.apply(&changes);
    state.applied(1);
    for change in &changes {
        assert_eq!(state.get(&change.path).unwrap(), change.value.as_deref());
    }
    assert!(state.leaves_loaded < 20, "{}", state.leaves_loaded);
}
