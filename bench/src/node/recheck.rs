//! The signatures of stored blocks, verified again: with and without the hints that stand beside them.

use chainbox_engine::backend::{Backend, Cpu, CpuOptions};
use chainbox_node::{
    block::Block,
    genesis::Genesis,
    store::{Store, StoreOptions},
    verify::verify_signatures,
};
use tempfile::TempDir;

use super::report::Recheck;
use crate::Error;

/// Signatures that are enough for a rate.
const SIGNATURES: usize = 200_000;

/// Blocks that are verified together: some sixty thousand signatures at full speed.
const BLOCKS_TOGETHER: usize = 64;

/// Rounds over them, of which the fastest counts for each: with tables the first one makes them.
const ROUNDS: usize = 3;

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
    Ok(Recheck {
        signatures: signatures as u64,
        hints_cold: rate(&cold, &blocks, &genesis, true)?,
        plain_cold: rate(&cold, &blocks, &genesis, false)?,
        hints_warm: rate(&warm, &blocks, &genesis, true)?,
        plain_warm: rate(&warm, &blocks, &genesis, false)?,
    })
}

fn rate(backend: &dyn Backend, blocks: &[Block], genesis: &Genesis, with_hints: bool) -> Result<f64, Error> {
    let signatures: usize = blocks.iter().map(|block| block.transactions.len()).sum();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let times = blocks.chunks(BLOCKS_TOGETHER).map(|blocks| verify_signatures(blocks, genesis, backend, with_hints));
        let times = times.collect::<Result<Vec<_>, _>>().map_err(|wrong| Error::Chain(wrong.to_string()))?;
        best = best.min(times.iter().map(std::time::Duration::as_secs_f64).sum());
    }
    Ok(signatures as f64 / best)
}
