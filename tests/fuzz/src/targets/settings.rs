//! The file of settings: what is refused is told in a line for each problem, and what is taken can be written and read again.

use std::{fs, path::Path};

use chainbox_service::settings::{Origin, Settings, Sources, template};
use tempfile::TempDir;

thread_local! {
    /// Where the file stands: settings are read from files alone.
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder for temporary files");
}

pub(crate) fn run(data: &[u8]) {
    FOLDER.with(|folder| check(&folder.path().join("chainbox.toml"), data));
}

fn check(path: &Path, data: &[u8]) {
    fs::write(path, data).expect("a folder that can be written");
    let sources = Sources { file: Some(path.to_owned()), ..Sources::default() };
    match Settings::load(&sources) {
        Ok(loaded) => {
            let written = template(&loaded.in_force);
            fs::write(path, &written).expect("a folder that can be written");
            let mut again = Settings::load(&sources).unwrap_or_else(|problems| panic!("{problems}\n{written}")).settings;
            // Sources have no place in a template.
            again.sources.clone_from(&loaded.settings.sources);
            assert_eq!(again, loaded.settings);
        }
        Err(problems) => {
            assert_eq!(problems.to_string().lines().count(), problems.0.len(), "{problems}");
            assert!(!problems.0.is_empty(), "refused for nothing");
            let lines = data.split(|byte| *byte == b'\n').count();
            for problem in problems.0 {
                let Origin::File { line, .. } = problem.origin else { panic!("{problem}: nothing but the file was given") };
                assert!(line.is_none_or(|line| (1..=lines).contains(&line)), "{problem}");
            }
        }
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let commented = template(&[]);
    let turned_on = commented.replace("\n#", "\n").replace("\n ", "\n# ");
    let lines = turned_on.lines().filter(|line| !line.starts_with('#')).map(|line| line.as_bytes().to_vec());
    [commented.clone().into_bytes(), turned_on.clone().into_bytes()].into_iter().chain(lines).collect()
}
