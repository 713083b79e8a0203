//! A store made again from what a backup has: blocks, and where older ones are missing or would take long, a snapshot.

use std::{path::Path, sync::Arc};

use super::{ArchiveError, Snapshot, newest};
use crate::{
    block::{Block, Certificate},
    certify,
    chain::{Invalid, index_of},
    genesis::Genesis,
    node::{NodeOptions, open},
    store::{Store, StoreError},
    verify::Wrong,
};

/// Makes the database of a folder that has blocks, and none: from the newest snapshot, or the genesis. Headers, votes and roots of all blocks are checked, and
/// blocks after the snapshot are executed. Says at what height the chain is. `progress` is told the height and the last one, while blocks are executed.
///
/// # Errors
/// [`ArchiveError`].
pub fn rebuild(folder: &Path, genesis: &Genesis, options: &NodeOptions, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, ArchiveError> {
    let first = genesis.header(genesis.state_root());
    match newest(folder)? {
        None => drop(Store::create(folder, &first, genesis.leaves().into_iter(), &options.store)?),
        Some(info) => {
            let mut snapshot = Snapshot::open(&info.path, genesis)?;
            let (header, certificate) = (snapshot.header, snapshot.certificate.clone());
            let mut links = Links { genesis, last: first.id(), next: 1 };
            let start = (header.height, Some(&certificate));
            Store::rebuild(folder, &options.store, &first, start, snapshot.leaves(), &mut |block, certificate| {
                links.check(block, certificate)?;
                index_of(genesis, block).map_err(|invalid| ArchiveError::from(Wrong::from(invalid)))
            })?;
            if (links.next, links.last) != (header.height + 1, header.id()) {
                let what = format!("its block {} is not the one of {}", header.height, info.path.display());
                return Err(StoreError::Unfit { place: folder.join("blocks").display().to_string(), what }.into());
            }
        }
    }
    // The state's root is compared with the header's here.
    let opened = open(folder, &Arc::new(genesis.clone()), options, progress)?;
    opened.store.persist()?;
    Ok(opened.chain.head().height)
}

/// That each block follows the one before it. The first of those that are there may be any: what follows leads to the snapshot.
struct Links<'a> {
    genesis: &'a Genesis,
    last: [u8; 32],
    next: u64,
}

impl Links<'_> {
    fn check(&mut self, block: &Block, certificate: &Certificate) -> Result<(), ArchiveError> {
        let height = block.header.height;
        let is_first_here = self.next == 1 && height > 1;
        if !is_first_here && (height, block.header.parent) != (self.next, self.last) {
            let what = "it does not follow the block before it";
            return Err(Wrong::from(Invalid::Header { height, what }).into());
        }
        certify::check(self.genesis, &block.header, certificate).map_err(|reason| ArchiveError::Uncertified { height, reason })?;
        (self.last, self.next) = (block.header.id(), height + 1);
        Ok(())
    }
}
