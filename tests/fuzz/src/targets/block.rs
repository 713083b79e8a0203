//! Blocks, headers and certificates: an accepted one is what it is written as, and has neither a byte less nor one more.

use bytes::Bytes;
use chainbox_engine::transaction::native::Suite;
use chainbox_node::block::{Block, BlockError, Certificate, Header};

pub(crate) fn run(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    if let Ok(block) = Block::from_bytes(&bytes) {
        assert_eq!(block.to_bytes(), data);
        assert_eq!((block.transactions.len(), block.hints.len()), (block.header.transactions as usize, block.transactions.len()));
        assert!(matches!(Block::from_bytes(&bytes.slice(..data.len() - 1)), Err(BlockError::Truncated(_))));
        assert_eq!(Block::from_bytes(&[data, &[0]].concat().into()), Err(BlockError::Trailing(1)));
    }
    if let Ok(certificate) = Certificate::from_bytes(data) {
        assert_eq!(certificate.to_bytes(), data);
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let header = |suite, transactions| Header {
        suite,
        chain_id: 1,
        height: 2,
        time_ms: 3,
        parent: [4; 32],
        proposer: 5,
        transactions,
        transactions_root: [6; 32],
        state_root: [7; 32],
    };
    let block = |suite| {
        let transactions = vec![Bytes::from_static(b"one"), Bytes::new()];
        Block { header: header(suite, 2), transactions, hints: vec![Some([8; 32]), None] }.to_bytes()
    };
    let certificate = Certificate { round: 1, votes: vec![(0, [1; 64]), (1, [2; 64])] };
    Suite::ALL.map(block).into_iter().chain([certificate.to_bytes()]).collect()
}
