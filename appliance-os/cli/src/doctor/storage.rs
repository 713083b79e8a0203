//! The data folder: who may write there, how much room there is, how long a durable write takes.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

use nix::sys::statvfs::statvfs;

use super::finding::Finding;
use crate::check::grouped;

/// Room below which something is wrong, in bytes: what is kept is small, but not nothing.
const ROOM_MIN: u64 = 64 << 20;

/// Room below which a log or an update may soon find none.
const ROOM_LITTLE: u64 = 1 << 30;

/// Durable writes that are tried; their median counts.
const WRITES: usize = 9;

/// A durable write that takes longer is that of a bad disk.
const WRITE_TIME_MAX: Duration = Duration::from_millis(50);

/// Looks at the folder, or at where it would be made. What it writes there it removes.
pub(super) fn check(data: &Path) -> Vec<Finding> {
    let place = data.display();
    let remedy = || format!("let this user write there (chown), or name another folder with --data; it is {place}");
    let (folder, exists) = match existing(data) {
        Ok(found) => found,
        Err(error) => return vec![Finding::bad("data folder", format!("{place}: {error}"), remedy())],
    };
    match durable_write(&folder) {
        Ok(time) => {
            let made = if exists { "" } else { " (not there yet; it can be made)" };
            vec![Finding::ok("data folder", format!("{place}{made}")), room(&folder), write_time(time)]
        }
        Err(error) => vec![Finding::bad("data folder", format!("{} cannot be written: {error}", folder.display()), remedy())],
    }
}

/// Whether a folder of a guard or a log can be written, and how long that takes. What it writes there it removes.
pub(crate) fn folder(subject: &str, data: &Path, remedy: &str) -> Finding {
    let tried = existing(data).and_then(|(folder, exists)| Ok((durable_write(&folder)?, exists)));
    match tried {
        Ok((time, exists)) => {
            let made = if exists { "" } else { ", not there yet; it can be made" };
            Finding::ok(subject, format!("{}: {:.2} ms for a durable write{made}", data.display(), time.as_secs_f64() * 1e3))
        }
        Err(error) => Finding::bad(subject, format!("{} cannot be written: {error}", data.display()), remedy),
    }
}

/// The folder, or the nearest one above it that is there, and whether it is the folder itself.
fn existing(data: &Path) -> io::Result<(PathBuf, bool)> {
    let absolute = std::path::absolute(data)?;
    for folder in absolute.ancestors() {
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => return Ok((folder.to_owned(), folder == absolute)),
            Ok(_) => return Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{} is no folder", folder.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// The median time of some durable writes into a file of its own.
fn durable_write(folder: &Path) -> io::Result<Duration> {
    let path = folder.join(format!(".chainbox-doctor-{}", process::id()));
    let mut file = File::options().write(true).create_new(true).open(&path)?;
    let mut write = || {
        let mut times = Vec::with_capacity(WRITES);
        for _ in 0..WRITES {
            let start = Instant::now();
            file.write_all(&[0; 4096])?;
            file.sync_data()?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        Ok(times[WRITES / 2])
    };
    let time = write();
    fs::remove_file(&path)?;
    time
}

fn write_time(time: Duration) -> Finding {
    let found = format!("{:.2} ms for a durable write of 4 KiB", time.as_secs_f64() * 1e3);
    if time <= WRITE_TIME_MAX {
        return Finding::ok("disk", found);
    }
    Finding::warning("disk", found, "put the data folder on a faster disk (--data)")
}

fn room(folder: &Path) -> Finding {
    match statvfs(folder) {
        Ok(found) => room_of(found.blocks_available().saturating_mul(found.fragment_size())),
        Err(error) => Finding::warning("disk space", format!("the system does not tell: {error}"), "see df"),
    }
}

fn room_of(free: u64) -> Finding {
    let found = format!("{} MiB free", grouped((free >> 20) as f64));
    let remedy = "make room there, or name another folder with --data";
    match free {
        ..ROOM_MIN => Finding::bad("disk space", found, remedy),
        ROOM_MIN..ROOM_LITTLE => Finding::warning("disk space", found, remedy),
        _ => Finding::ok("disk space", found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_folder_that_can_be_written_or_made_will_do_and_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        for data in [folder.path().to_owned(), folder.path().join("a/b")] {
            let findings = check(&data);
            assert_eq!(findings.len(), 3);
            assert_eq!(findings[0].state, State::Ok, "{findings:?}");
            assert_eq!(findings[0].found.contains("not there yet"), data != folder.path());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let findings = check(&file.join("data"));
        assert_eq!((findings.len(), findings[0].state), (1, State::Bad));
        assert!(findings[0].remedy.as_ref().unwrap().contains("--data"), "{findings:?}");
    }

    #[test]
    fn little_room_and_slow_writes_are_told() {
        assert_eq!([1, ROOM_MIN, ROOM_LITTLE].map(|free| room_of(free).state), [State::Bad, State::Warning, State::Ok]);
        assert_eq!(write_time(Duration::from_millis(51)).state, State::Warning);
        assert_eq!(write_time(Duration::from_millis(5)).state, State::Ok);
    }
}
