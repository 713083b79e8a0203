//! Compiled kernels on disk.

use std::{fs, path::PathBuf};

use chainbox_engine::hash;

/// A folder with one file a compiled program. Whatever is wrong with it costs a compilation, never more.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A cache in this folder, which is made with the first entry.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What was put there under this key, unless it is damaged.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let entry = fs::read(self.folder.join(key)).ok()?;
        let (digest, contents) = entry.split_at_checked(32)?;
        (hash::sha256(contents) == *digest).then(|| contents.to_vec())
    }

    /// Keeps something. Where that fails, it is not there the next time.
    pub fn put(&self, key: &str, contents: &[u8]) {
        let part = self.folder.join(format!("{key}.{}", std::process::id()));
        let entry = [&hash::sha256(contents)[..], contents].concat();
        let _ = fs::create_dir_all(&self.folder).and_then(|()| fs::write(&part, entry)).and_then(|()| fs::rename(&part, self.folder.join(key)));
    }
}
