//! The file of one key, open.

use std::io;

use super::{
    Last,
    slot::{FILE_BYTES, OFFSETS, Slot},
};
use crate::{
    Label,
    storage::{Folder, Handle},
};

/// What is known of a key, and the file that says so. At any time one copy at least is whole on the disk, and not below anything that left.
pub(super) struct Entry {
    file: Box<dyn Handle>,
    /// What the next write must not be below: written, or tried to.
    newest: Slot,
    /// Which copies are on the disk, whole, with what `newest` says.
    on_disk: [bool; 2],
    /// The copy that must not be touched, since no other is known to be whole.
    spared: usize,
}

/// The newer one of two copies.
pub(super) fn newest(slots: &[Option<Slot>]) -> Option<&Slot> {
    slots.iter().flatten().max_by_key(|slot| slot.sequence)
}

impl Entry {
    /// Makes the file of a key that never voted, with both copies.
    pub(super) fn create(folder: &dyn Folder, name: &str, newest: Slot) -> io::Result<Self> {
        let mut bytes = vec![0; FILE_BYTES];
        for offset in OFFSETS {
            let slot = newest.to_bytes();
            bytes[offset..offset + slot.len()].copy_from_slice(&slot);
        }
        folder.replace(name, &bytes)?;
        Ok(Self { file: folder.open(name)?, newest, on_disk: [true; 2], spared: 0 })
    }

    /// Opens a file of which one copy at least is whole, and mends the other.
    pub(super) fn open(folder: &dyn Folder, name: &str, slots: Vec<Option<Slot>>) -> io::Result<Self> {
        let newest = newest(&slots).cloned().ok_or(io::ErrorKind::InvalidData)?;
        let on_disk = [0, 1].map(|index| slots.get(index).is_some_and(|slot| slot.as_ref() == Some(&newest)));
        let spared = usize::from(!on_disk[0]);
        let mut entry = Self { file: folder.open(name)?, newest, on_disk, spared };
        // What was read may stand in the page cache alone, after a sync that failed: both are written again.
        entry.put(1 - spared)?;
        entry.put(spared)?;
        Ok(entry)
    }

    pub(super) fn chain(&self) -> &str {
        &self.newest.chain
    }

    pub(super) const fn label(&self) -> &Label {
        &self.newest.label
    }

    /// What was signed last, or tried to be.
    pub(super) const fn last(&self) -> Option<Last> {
        self.newest.last
    }

    /// Puts what is signed next on the disk: one copy, and its sync. Where it fails, what the disk holds is unknown, so that the place counts as used.
    pub(super) fn write(&mut self, last: Last) -> io::Result<()> {
        if self.newest.last != Some(last) {
            self.newest.last = Some(last);
            self.newest.sequence += 1;
            self.on_disk = [false; 2];
        }
        if self.on_disk.contains(&true) { Ok(()) } else { self.put(1 - self.spared) }
    }

    /// Writes the other copy where it is behind.
    pub(super) fn mirror(&mut self) -> io::Result<()> {
        match self.on_disk {
            [true, false] => self.put(1),
            [false, true] => self.put(0),
            _ => Ok(()),
        }
    }

    fn put(&mut self, index: usize) -> io::Result<()> {
        self.file.write_at(&self.newest.to_bytes(), OFFSETS[index] as u64)?;
        self.file.sync()?;
        self.on_disk[index] = true;
        self.spared = index;
        Ok(())
    }
}
