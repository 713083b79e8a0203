//! Settings: where they come from, what is refused and with which words, what a reload applies.

mod checks;
mod layers;
mod reload;
mod signing;
mod template;
mod tls_files;

use std::path::{Path, PathBuf};

use chainbox_service::settings::{Loaded, Problems, Settings, Sources};

/// A folder with a file of settings.
struct File {
    dir: tempfile::TempDir,
}

impl File {
    fn new(text: &str) -> Self {
        let file = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("chainbox.toml")
    }

    /// The sources with this file alone.
    fn sources(&self) -> Sources {
        Sources { file: Some(self.path()), ..Sources::default() }
    }

    /// The problems with this file, a line each, without the name of the folder.
    fn problems(&self) -> Vec<String> {
        lines(&Settings::load(&self.sources()).expect_err("the settings are wrong"), self.dir.path())
    }
}

fn lines(problems: &Problems, folder: &Path) -> Vec<String> {
    problems.to_string().replace(&format!("{}/", folder.display()), "").lines().map(str::to_owned).collect()
}

/// Loads a file of this text.
fn load(text: &str) -> Result<Loaded, Problems> {
    Settings::load(&File::new(text).sources())
}

/// The settings of a file that is right.
fn settings(text: &str) -> Settings {
    load(text).unwrap_or_else(|problems| panic!("{problems}")).settings
}

/// Pairs of texts.
fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
