//! A folder as a power cut leaves it, from what was done to its files.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

/// Something that was done.
#[derive(Clone, Debug)]
pub enum Deed {
    Made { inode: u64, path: PathBuf },
    Written { inode: u64, offset: u64, bytes: Vec<u8>, path: PathBuf },
    Cut { inode: u64, length: u64 },
    Synced { inode: u64 },
    Renamed { from: PathBuf, to: PathBuf },
    Linked { from: PathBuf, to: PathBuf },
    Unlinked { path: PathBuf },
    FolderSynced { path: PathBuf, names: Vec<(u64, String)> },
}

/// What was written down.
pub fn read(log: &Path) -> Vec<Deed> {
    let all = fs::read(log).unwrap();
    let mut rest = &all[..];
    let mut deeds = Vec::new();
    while let Some((head, behind)) = rest.split_first_chunk::<25>() {
        let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap());
        let length = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap()) as usize;
        let (x, behind) = behind.split_at(length(17));
        let (y, behind) = behind.split_at(length(21));
        rest = behind;
        let path = |bytes: &[u8]| PathBuf::from(String::from_utf8(bytes.to_vec()).unwrap());
        let (inode, other) = (number(1), number(9));
        deeds.push(match head[0] {
            b'C' => Deed::Made { inode, path: path(x) },
            b'W' => Deed::Written { inode, offset: other, bytes: x.to_vec(), path: path(y) },
            b'T' => Deed::Cut { inode, length: other },
            b'S' => Deed::Synced { inode },
            b'R' => Deed::Renamed { from: path(x), to: path(y) },
            b'L' => Deed::Linked { from: path(x), to: path(y) },
            b'U' => Deed::Unlinked { path: path(x) },
            b'D' => {
                let lines = String::from_utf8(y.to_vec()).unwrap();
                let names =
                    lines.lines().map(|line| line.split_once(' ').unwrap()).map(|(inode, name)| (inode.parse().unwrap(), name.to_owned()));
                Deed::FolderSynced { path: path(x), names: names.collect() }
            }
            kind => panic!("no kind {kind}"),
        });
    }
    deeds
}

/// What is there when the power comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Bytes that were synced, under names whose folders were.
    Synced,
    /// Bytes that were synced, under the last names.
    SyncedBytes,
    /// All that was written, but half of the last write.
    Torn,
    /// All that was written.
    Everything,
}

impl Left {
    pub const ALL: [Self; 4] = [Self::Synced, Self::SyncedBytes, Self::Torn, Self::Everything];
}

#[derive(Clone, Default)]
struct File {
    on_disk: Vec<u8>,
    seen: Vec<u8>,
}

/// The files of a folder at some moment.
#[derive(Clone, Default)]
pub struct Disk {
    files: Vec<File>,
    /// The file of an inode: its number may be used again.
    inodes: HashMap<u64, usize>,
    names: BTreeMap<PathBuf, usize>,
    names_on_disk: BTreeMap<PathBuf, usize>,
    last: Option<(usize, u64, usize)>,
}

impl Disk {
    pub fn take(&mut self, deed: &Deed) {
        match deed {
            Deed::Made { inode, path } => {
                self.files.push(File::default());
                self.inodes.insert(*inode, self.files.len() - 1);
                self.names.insert(path.clone(), self.files.len() - 1);
            }
            Deed::Written { inode, offset, bytes, .. } => {
                let file = self.inodes[inode];
                let seen = &mut self.files[file].seen;
                let end = *offset as usize + bytes.len();
                if seen.len() < end {
                    seen.resize(end, 0);
                }
                seen[*offset as usize..end].copy_from_slice(bytes);
                self.last = Some((file, *offset, bytes.len()));
            }
            Deed::Cut { inode, length } => self.files[self.inodes[inode]].seen.resize(*length as usize, 0),
            Deed::Synced { inode } => {
                let file = &mut self.files[self.inodes[inode]];
                file.on_disk.clone_from(&file.seen);
            }
            Deed::Renamed { from, to } => {
                let moved: Vec<_> = self.names.keys().filter(|path| path.starts_with(from)).cloned().collect();
                for path in moved {
                    let file = self.names.remove(&path).unwrap();
                    let rest = path.strip_prefix(from).unwrap();
                    let to = if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) };
                    self.names.insert(to, file);
                }
            }
            Deed::Linked { from, to } => {
                let file = self.names[from];
                self.names.insert(to.clone(), file);
            }
            Deed::Unlinked { path } => {
                self.names.remove(path);
            }
            Deed::FolderSynced { path, names } => {
                let of_folder = |name: &PathBuf| name.parent() == Some(path);
                let now: Vec<_> = names.iter().map(|(inode, name)| (path.join(name), self.inodes[inode])).collect();
                for all in [&mut self.names, &mut self.names_on_disk] {
                    all.retain(|name, _| !of_folder(name));
                    all.extend(now.iter().cloned());
                }
            }
        }
    }

    /// Writes what is left into another folder, whose own folders are there.
    pub fn write(&self, left: Left, root: &Path, to: &Path) {
        let names = if left == Left::Synced { &self.names_on_disk } else { &self.names };
        for (name, file) in names {
            let place = to.join(name.strip_prefix(root).unwrap());
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            let File { on_disk, seen } = &self.files[*file];
            let bytes = match (left, self.last) {
                (Left::Synced | Left::SyncedBytes, _) => on_disk.clone(),
                (Left::Torn, Some((last, offset, length))) if last == *file => {
                    let half = offset as usize + length / 2;
                    seen[..half.min(seen.len())].to_vec()
                }
                _ => seen.clone(),
            };
            fs::write(place, bytes).unwrap();
        }
    }
}
