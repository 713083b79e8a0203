//! Compiled kernels on disk. What cannot be read or does not fit is as good as absent: a cache never fails anybody.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::SystemTime,
};

use chainbox_engine::hash::sha256;

/// The most bytes of all entries together: the oldest go first.
pub const CACHE_BYTES_MAX: u64 = 256 << 20;

/// The bytes before what was put: the digest of it.
const HEAD_BYTES: usize = 32;

/// What the names of entries end with.
const EXTENSION: &str = "kernels";

/// A folder of compiled kernels.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A cache in this folder, which is made when something is put there.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What was put under this key, unless it is gone or broken. A key names all that an entry depends on: source, options, device, driver.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.path(key)).ok()?;
        let head = bytes.get(..HEAD_BYTES)?;
        if head != sha256(&bytes[HEAD_BYTES..]) {
            return None;
        }
        bytes.drain(..HEAD_BYTES);
        Some(bytes)
    }

    /// Keeps bytes under this key if it can. Another process that reads at the same time finds all of them or none.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        if bytes.len() as u64 > CACHE_BYTES_MAX / 2 || fs::create_dir_all(&self.folder).is_err() {
            return;
        }
        make_room(&self.folder, CACHE_BYTES_MAX - bytes.len() as u64);
        let draft = self.folder.join(format!("{}-{}.draft", std::process::id(), NUMBER.fetch_add(1, Relaxed)));
        let entry = [&sha256(bytes)[..], bytes].concat();
        if fs::write(&draft, entry).and_then(|()| fs::rename(&draft, self.path(key))).is_err() {
            let _ = fs::remove_file(draft);
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        let name: String = sha256(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name).with_extension(EXTENSION)
    }
}

/// Removes the oldest entries until at most `bytes_max` bytes are left.
fn make_room(folder: &Path, bytes_max: u64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let entries = entries.flatten().filter(|entry| entry.path().extension().is_some_and(|extension| extension == EXTENSION));
    let mut entries: Vec<_> = entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), entry.path()))
        })
        .collect();
    entries.sort();
    let mut bytes: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, length, path) in entries {
        if bytes <= bytes_max {
            return;
        }
        let _ = fs::remove_file(path);
        bytes -= length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only_entry(folder: &Path) -> PathBuf {
        let entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries[0].clone()
    }

    #[test]
    fn what_was_put_is_found_under_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("deeper"));
        assert_eq!(cache.get("a"), None);
        cache.put("a", b"first");
        cache.put("a", b"second");
        assert_eq!(cache.get("a").as_deref(), Some(&b"second"[..]));
        assert_eq!(cache.get("b"), None);
        only_entry(&folder.path().join("deeper"));
    }

    #[test]
    fn a_broken_entry_is_absent_and_can_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        cache.put("a", b"whole");
        let path = only_entry(folder.path());
        let whole = fs::read(&path).unwrap();
        for broken in [&whole[..whole.len() - 1], &whole[..5], &[&whole[..], &[0]].concat()] {
            fs::write(&path, broken).unwrap();
            assert_eq!(cache.get("a"), None);
        }
        cache.put("a", b"whole");
        assert_eq!(cache.get("a").as_deref(), Some(&b"whole"[..]));
    }

    #[test]
    fn the_oldest_entries_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        for (age, key) in ["new", "old"].into_iter().enumerate() {
            cache.put(key, &[0; 100]);
            let file = fs::File::options().write(true).open(cache.path(key)).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(1000 * age as u64)).unwrap();
        }
        make_room(folder.path(), 200);
        assert_eq!((cache.get("new").is_some(), cache.get("old")), (true, None));
    }
}
