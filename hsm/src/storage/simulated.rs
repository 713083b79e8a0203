//! A disk in memory whose operations fail, and whose power goes, where a test says. It keeps what a real one is allowed to: bytes that were not synced may
//! be lost, or be there in part; names that were not synced may be the old ones; a sync that failed has dropped what it should have written.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Folder, Handle};

/// What becomes of the operation of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails without effect.
    Fails,
    /// A write is done by half, then fails; others fail without effect.
    FailsHalfway,
    /// A sync fails and drops what it should have written, which stays readable until the power goes; others fail without effect.
    Drops,
    /// The power goes while it runs.
    PowerGoes,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [Self::Fails, Self::FailsHalfway, Self::Drops, Self::PowerGoes];
}

/// What is on the disk, when the power comes back, of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tear {
    /// Nothing.
    Nothing,
    /// Everything.
    Everything,
    /// Everything but the second half of the last write of each file.
    FirstHalf,
    /// Everything but the first half of the last write of each file.
    SecondHalf,
    /// Of each file the last write alone.
    LastAlone,
    /// The last write of each file is other bytes.
    Garbage,
}

impl Tear {
    pub(crate) const ALL: [Self; 6] = [Self::Nothing, Self::Everything, Self::FirstHalf, Self::SecondHalf, Self::LastAlone, Self::Garbage];
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Clone, Debug, Default)]
struct Inode {
    on_disk: Vec<u8>,
    seen: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug, Default)]
struct Disk {
    inodes: Vec<Inode>,
    names_on_disk: BTreeMap<String, usize>,
    names: BTreeMap<String, usize>,
    operations: usize,
    fault: Option<(usize, Fault)>,
    is_dead: bool,
}

/// A folder of the disk. Clones are the same disk.
#[derive(Clone, Default)]
pub(crate) struct Simulated(Arc<Mutex<Disk>>);

impl Simulated {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Operations so far that can fail.
    pub(crate) fn operations(&self) -> usize {
        self.disk().operations
    }

    /// Has the operation of this number fail, counted from now on.
    pub(crate) fn fail(&self, operation: usize, fault: Fault) {
        let mut disk = self.disk();
        disk.fault = Some((disk.operations + operation, fault));
    }

    /// Another disk with what is on this one when the power comes back.
    pub(crate) fn after_power_cut(&self, tear: Tear, names_are_there: bool) -> Self {
        let mut disk = self.disk().clone();
        for inode in &mut disk.inodes {
            inode.on_disk = inode.torn(tear);
            inode.seen = inode.on_disk.clone();
            inode.pending.clear();
        }
        let names = if names_are_there { &disk.names } else { &disk.names_on_disk }.clone();
        Self(Arc::new(Mutex::new(Disk { inodes: disk.inodes, names_on_disk: names.clone(), names, ..Disk::default() })))
    }

    /// Another disk as a process sees it that is started anew, while the machine goes on.
    pub(crate) fn after_restart(&self) -> Self {
        let disk = self.disk();
        Self(Arc::new(Mutex::new(Disk { operations: 0, fault: None, ..disk.clone() })))
    }

    /// Changes bytes of a file on the disk.
    pub(crate) fn damage(&self, name: &str, damage: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.disk();
        let index = disk.names[name];
        damage(&mut disk.inodes[index].on_disk);
        disk.inodes[index].seen = disk.inodes[index].on_disk.clone();
    }

    /// Removes a file.
    pub(crate) fn lose(&self, name: &str) {
        let mut disk = self.disk();
        disk.names.remove(name);
        disk.names_on_disk.remove(name);
    }
}

impl Inode {
    fn apply(bytes: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Write(offset, written) => {
                let end = offset + written.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset..end].copy_from_slice(written);
            }
            Change::Truncate(length) => bytes.truncate(*length),
        }
    }

    fn change(&mut self, change: Change) {
        Self::apply(&mut self.seen, &change);
        self.pending.push(change);
    }

    fn torn(&self, tear: Tear) -> Vec<u8> {
        let mut bytes = self.on_disk.clone();
        let Some((last, before)) = self.pending.split_last() else { return bytes };
        if !matches!(tear, Tear::Nothing | Tear::LastAlone) {
            before.iter().for_each(|change| Self::apply(&mut bytes, change));
        }
        let last = match (tear, last) {
            (Tear::Nothing, _) => return bytes,
            (Tear::FirstHalf, Change::Write(offset, written)) => Change::Write(*offset, written[..written.len() / 2].to_vec()),
            (Tear::SecondHalf, Change::Write(offset, written)) => {
                let half = written.len() / 2;
                Change::Write(offset + half, written[half..].to_vec())
            }
            (Tear::Garbage, Change::Write(offset, written)) => Change::Write(*offset, vec![0xa5; written.len()]),
            (_, last) => last.clone(),
        };
        Self::apply(&mut bytes, &last);
        bytes
    }
}

impl Disk {
    /// Counts an operation; the fault that meets it.
    fn operation(&mut self) -> io::Result<Option<Fault>> {
        let number = self.operations;
        self.operations += 1;
        let fault = self.fault.filter(|(at, _)| *at == number).map(|(_, fault)| fault);
        if self.is_dead {
            return Err(io::Error::other("the power is gone"));
        }
        self.is_dead = fault == Some(Fault::PowerGoes);
        Ok(fault)
    }

    /// The same, where every fault but a power cut, which may still have the effect, is a plain failure.
    fn plain_operation(&mut self) -> io::Result<Option<Fault>> {
        match self.operation()? {
            Some(fault) if fault != Fault::PowerGoes => Err(failed()),
            fault => Ok(fault),
        }
    }
}

fn failed() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

fn unless(fault: Option<Fault>) -> io::Result<()> {
    if fault.is_some() { Err(failed()) } else { Ok(()) }
}

struct File {
    folder: Simulated,
    inode: usize,
}

impl Folder for Simulated {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.disk().names.keys().cloned().collect())
    }

    fn read(&self, name: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let disk = self.disk();
        Ok(disk.names.get(name).map(|inode| disk.inodes[*inode].seen.iter().take(limit + 1).copied().collect()))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Handle>> {
        let mut disk = self.disk();
        let fault = disk.plain_operation()?;
        let inode = disk.inodes.len();
        disk.inodes.push(Inode::default());
        disk.names.insert(name.to_owned(), inode);
        unless(fault)?;
        Ok(Box::new(File { folder: self.clone(), inode }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Handle>> {
        let inode = self.disk().names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(File { folder: self.clone(), inode }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.disk();
        let fault = disk.plain_operation()?;
        let inode = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.names.insert(to.to_owned(), inode);
        unless(fault)
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.disk();
        unless(disk.plain_operation()?)?;
        disk.names_on_disk = disk.names.clone();
        Ok(())
    }
}

impl Handle for File {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut disk = self.folder.disk();
        let fault = disk.operation()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        match fault {
            None | Some(Fault::PowerGoes) => disk.inodes[self.inode].change(Change::Write(offset, bytes.to_vec())),
            Some(Fault::FailsHalfway) => disk.inodes[self.inode].change(Change::Write(offset, bytes[..bytes.len() / 2].to_vec())),
            Some(_) => {}
        }
        unless(fault)
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        let mut disk = self.folder.disk();
        let fault = disk.plain_operation()?;
        let length = usize::try_from(bytes).map_err(io::Error::other)?;
        disk.inodes[self.inode].change(Change::Truncate(length));
        unless(fault)
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.folder.disk();
        let fault = disk.operation()?;
        let inode = &mut disk.inodes[self.inode];
        match fault {
            // Not what is seen: what a failed sync dropped is not written by the next one.
            None => inode.pending.drain(..).for_each(|change| Inode::apply(&mut inode.on_disk, &change)),
            Some(Fault::Drops) => inode.pending.clear(),
            Some(_) => {}
        }
        unless(fault)
    }
}
