//! The signatures of stored blocks, verified again: with and without the hints that stand beside them.

use chainbox_engine::backend::{Backend, Cpu, CpuOptions};
use chainbox_node::{
    block::Block,
    genesis::Genesis,
    store::{Store, StoreOptions},
    verify::{GROUP_TRANSACTIONS, verify_signatures},
};
use tempfile::TempDir;

use super::report::Recheck;
use crate::Error;

/// Signatures that are enough for a rate.
const SIGNATURES: usize = 200_000;

/// Rounds, in each of which all ways take their turn; of each the median counts. A round before them makes the tables.
const ROUNDS: usize = 5;

/// Verifies the last blocks of the chain in a folder.
pub fn recheck(folder: &TempDir, chain: &str) -> Result<Recheck, Error> {
    let chain = folder.path().join(chain);
    let failed = |error: &dyn std::fmt::Display| Error::Chain(error.to_string());
    let genesis = Genesis::read_rules(&chain.join("genesis.toml")).map_err(|error| failed(&error))?;
    let (store, _) = Store::open(&chain, &StoreOptions::default()).map_err(|error| failed(&error))?;
    let (mut blocks, mut signatures) = (Vec::new(), 0);
    for height in (1..=store.head()).rev() {
        let Some(block) = store.block(height).map_err(|error| failed(&error))? else { break };
        signatures += block.transactions.len();
        blocks.push(block);
        if signatures >= SIGNATURES || blocks.len() >= 500 {
            break;
        }
    }
    let cpu = |key_table_bytes| Cpu::with_options(&CpuOptions { key_table_bytes, ..CpuOptions::default() });
    let (cold, warm) = (cpu(0)?, cpu(CpuOptions::default().key_table_bytes)?);
    let ways: [(&dyn Backend, bool); 4] = [(&cold, true), (&cold, false), (&warm, true), (&warm, false)];
    let mut rates = [const { Vec::new() }; 4];
    seconds(&warm, &blocks, &genesis, false)?;
    for _ in 0..ROUNDS {
        for ((backend, with_hints), rates) in ways.iter().zip(&mut rates) {
            rates.push(signatures as f64 / seconds(*backend, &blocks, &genesis, *with_hints)?);
        }
    }
    let [hints_cold, plain_cold, hints_warm, plain_warm] = rates.map(median);
    Ok(Recheck { signatures: signatures as u64, hints_cold, plain_cold, hints_warm, plain_warm })
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// How long all blocks take.
fn seconds(backend: &dyn Backend, blocks: &[Block], genesis: &Genesis, with_hints: bool) -> Result<f64, Error> {
    let (mut rest, mut seconds) = (blocks, 0.0);
    while !rest.is_empty() {
        // As an import does.
        let mut transactions = 0;
        let full = rest.iter().position(|block| {
            transactions += block.transactions.len();
            transactions >= GROUP_TRANSACTIONS
        });
        let (group, others) = rest.split_at(full.map_or(rest.len(), |last| last + 1));
        let time = verify_signatures(group, genesis, backend, with_hints).map_err(|wrong| Error::Chain(wrong.to_string()))?;
        (rest, seconds) = (others, seconds + time.as_secs_f64());
    }
    Ok(seconds)
}
