//! Blocks with their certificates in a file, and out of it into another node's folder.

use std::{ops::ControlFlow, path::Path, sync::Arc};

use bytes::Bytes;
use chainbox_engine::backend::Backend;
use serde::Serialize;

use super::{
    ArchiveError,
    stream::{Reader, Writer},
};
use crate::{
    block::{Block, Certificate},
    certify,
    chain::{Chain, Committed},
    genesis::Genesis,
    node::{NodeOptions, Opened, open},
    store::{Certified, Store, record::Kind},
    verify::{GROUP_TRANSACTIONS, Wrong, verify_signatures},
};

/// Bytes of transactions that are verified together, about.
const GROUP_BYTES: usize = 64 << 20;

/// Blocks that are imported before the database is put on the disk.
const PERSIST_BLOCKS: u64 = 256;

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The first block, and the last.
    pub first: u64,
    /// See there.
    pub last: u64,
    /// Their transactions.
    pub transactions: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes the final blocks of a folder from one height to another to a file. The node may run meanwhile. `progress` is told each height.
///
/// # Errors
/// [`ArchiveError`]. No file is left.
pub fn export(
    folder: &Path,
    genesis: &Genesis,
    from: u64,
    to: u64,
    path: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Exported, ArchiveError> {
    if from > to {
        return Err(ArchiveError::unfit(path, format!("it is to begin at block {from} and to end at block {to}: name a later end")));
    }
    let mut writer = Writer::create(path)?;
    writer.write(Kind::Genesis, 0, &genesis.rules_digest())?;
    let mut exported = Exported::default();
    Store::read_certified(folder, from.max(1), &mut |Certified { block, certificate, .. }| {
        let height = block.header.height;
        writer.write(Kind::Block, height, &block.to_bytes())?;
        writer.write(Kind::Certificate, height, &certificate.to_bytes())?;
        exported.first = if exported.first == 0 { height } else { exported.first };
        exported.last = height;
        exported.transactions += block.transactions.len() as u64;
        progress(height);
        Ok::<_, ArchiveError>(if height < to { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    if exported.first == 0 {
        let until = if to == u64::MAX { "on".to_owned() } else { format!("to {to}") };
        return Err(ArchiveError::unfit(folder, format!("it has no final block from {from} {until}")));
    }
    exported.bytes = writer.finish(exported.last)?;
    Ok(exported)
}

/// What was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// The height that the chain is at.
    pub height: u64,
    /// Blocks that are new.
    pub blocks: u64,
    /// Their transactions.
    pub transactions: u64,
    /// Blocks that were there already.
    pub known: u64,
}

/// Takes the blocks of a file over into a folder, whose node does not run: each is checked as if nobody was to be believed, its signatures as well. What is
/// taken over stays where a later block is wrong. `progress` is told the bytes that are read, and all of them.
///
/// # Errors
/// [`ArchiveError`].
pub fn import(
    folder: &Path,
    genesis: &Genesis,
    options: &NodeOptions,
    backend: &dyn Backend,
    path: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Imported, ArchiveError> {
    let mut reader = Reader::open(path)?;
    let (_, rules) = reader.first(Kind::Genesis, "export of blocks")?;
    if *rules != genesis.rules_digest() {
        return Err(ArchiveError::OtherChain(path.display().to_string()));
    }
    let mut import = Import::open(folder, genesis, options, backend)?;
    let mut group = Group::default();
    while let Some((head, payload)) = reader.next()? {
        if head.kind != Kind::Block {
            return Err(reader.unfit(format!("{:?} of height {} stands where a block is to be", head.kind, head.height)));
        }
        let bytes = payload;
        let block = Block::from_bytes(&bytes).map_err(|error| reader.unfit(format!("block {}: {error}", head.height)))?;
        let Some((head, payload)) = reader.next()?.filter(|(head, _)| head.kind == Kind::Certificate) else {
            return Err(reader.unfit(format!("block {} has no certificate", head.height)));
        };
        let certificate =
            Certificate::from_bytes(&payload).map_err(|error| reader.unfit(format!("the certificate of {}: {error}", head.height)))?;
        group.push(Arrived { block, bytes, certificate });
        if group.is_full() {
            import.take(std::mem::take(&mut group), path)?;
            let (read, all) = reader.progress();
            progress(read, all);
        }
    }
    import.take(group, path)?;
    import.store().persist()?;
    Ok(import.imported)
}

/// A block as it came.
struct Arrived {
    block: Block,
    bytes: Bytes,
    certificate: Certificate,
}

/// Blocks that are verified together.
#[derive(Default)]
struct Group {
    blocks: Vec<Arrived>,
    transactions: usize,
    bytes: usize,
}

impl Group {
    fn push(&mut self, arrived: Arrived) {
        self.transactions += arrived.block.transactions.len();
        self.bytes += arrived.bytes.len();
        self.blocks.push(arrived);
    }

    const fn is_full(&self) -> bool {
        self.transactions >= GROUP_TRANSACTIONS || self.bytes >= GROUP_BYTES
    }
}

/// A folder into which blocks are taken over.
struct Import<'a> {
    genesis: &'a Genesis,
    backend: &'a dyn Backend,
    opened: Opened,
    imported: Imported,
}

impl<'a> Import<'a> {
    fn open(folder: &Path, genesis: &'a Genesis, options: &NodeOptions, backend: &'a dyn Backend) -> Result<Self, ArchiveError> {
        let opened = open(folder, &Arc::new(genesis.clone()), options, &mut |_, _| {})?;
        let imported = Imported { height: opened.chain.head().height, ..Imported::default() };
        Ok(Self { genesis, backend, opened, imported })
    }

    fn store(&self) -> &Store {
        &self.opened.store
    }

    fn chain(&mut self) -> &mut Chain {
        &mut self.opened.chain
    }

    fn take(&mut self, group: Group, path: &Path) -> Result<(), ArchiveError> {
        let mut new = Vec::new();
        for arrived in group.blocks {
            let (header, certificate) = (arrived.block.header, &arrived.certificate);
            let height = header.height;
            let next = self.chain().head().height + new.len() as u64 + 1;
            if height > next {
                return Err(ArchiveError::Gap { place: path.display().to_string(), first: height, next });
            }
            certify::check(self.genesis, &header, certificate).map_err(|reason| ArchiveError::Uncertified { height, reason })?;
            if height == next {
                new.push(arrived);
                continue;
            }
            if self.store().header(height)? != Some(header) {
                return Err(ArchiveError::Differs(height));
            }
            self.imported.known += 1;
            // The last stored block may be one that no certificate was stored for.
            if let Some(committed) = self.opened.recovered.take_if(|committed| committed.block.header == header) {
                self.finish(committed, certificate)?;
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        if let Some(committed) = &self.opened.recovered {
            let height = committed.block.header.height;
            return Err(ArchiveError::Gap { place: path.display().to_string(), first: height + 1, next: height });
        }
        verify_signatures(new.iter().map(|arrived| &arrived.block), self.genesis, self.backend, true)?;
        for Arrived { block, bytes, certificate } in new {
            let (height, transactions) = (block.header.height, block.transactions.len() as u64);
            let executable = self.chain().examine(block).map_err(Wrong::from)?;
            self.store().append(height, &bytes)?;
            let committed = self.chain().commit(executable);
            self.finish(committed, &certificate)?;
            self.imported.blocks += 1;
            self.imported.transactions += transactions;
            self.imported.height = height;
            if height.is_multiple_of(PERSIST_BLOCKS) {
                self.store().persist()?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, committed: Committed, certificate: &Certificate) -> Result<(), ArchiveError> {
        let height = committed.block.header.height;
        self.store().certify(height, certificate)?;
        self.store().apply(&committed.into_applied())?;
        self.chain().state().lock().applied(height);
        Ok(())
    }
}
