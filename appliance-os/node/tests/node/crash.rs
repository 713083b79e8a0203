//! What a crash leaves: copies of the folder of a node that works, opened by another.

use std::{fs, path::Path};

use chainbox_engine::transaction::native::{Content, Suite};
use chainbox_node::{
    genesis::Senders,
    node::{Answer, Wait},
};

use super::{
    asking::{runtime, start, submit},
    common::{Box, CHAIN, Key, options},
};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The last block loses its certificate, and the database its last blocks: the chain is what it was, and goes on.
#[test]
fn what_the_database_lost_is_executed_again() {
    let suite = Suite::Sm;
    let a = Key::new(suite);
    let chain = Box::new(suite, Senders::Open, Vec::new(), vec![(a.address(), 1000)]);
    let fresh = tempfile::tempdir().unwrap();
    copy(chain.folder.path(), fresh.path());
    let node = start(&chain);
    for nonce in 0..5 {
        let transfer = a.transaction(CHAIN, nonce, Content::Transfer { to: &[9; 20], amount: 10 });
        assert!(matches!(runtime().block_on(submit(&node, vec![transfer]))[..], [Answer::Confirmed { .. }]));
    }
    let (height, account) = (node.height(), node.account(&a.address()).unwrap());
    let last = node.header(height).unwrap();
    Box::close(node);
    // The database of height 0, and all blocks; the last certificate is cut off.
    copy(&chain.folder.path().join("blocks"), &fresh.path().join("blocks"));
    let segment = fs::read_dir(fresh.path().join("blocks")).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(&segment).unwrap();
    fs::write(&segment, &bytes[..bytes.len() - 10]).unwrap();
    let node = chain.try_start(fresh.path(), options()).unwrap();
    assert_eq!(node.status().unwrap().repairs.len(), 1);
    let more = a.transaction(CHAIN, 5, Content::Transfer { to: &[9; 20], amount: 10 });
    assert!(matches!(runtime().block_on(node.submit(1, vec![more], Wait::Confirmed))[..], [Answer::Confirmed { .. }]));
    assert_eq!(node.header(height).unwrap(), last);
    assert_eq!(node.height(), height + 1);
    assert_eq!(node.account(&a.address()).unwrap().balance, account.balance - 10);
    node.close().unwrap();
}
