//! Devices, and who may use their files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chainbox_service::settings::Settings;
use nix::unistd::{AccessFlags, access};

use super::finding::Finding;
use crate::devices::survey::{Proof, Prove, Sight, learned, survey};

/// The files of devices: folders, and how the names begin.
const NODES: [(&str, &str); 4] = [("/dev/dri", "renderD"), ("/dev", "nvidia"), ("/dev", "kfd"), ("/dev", "dxg")];

/// The most files that are looked at.
const NODES_MAX: usize = 64;

/// Each interface and device; those that the service uses by itself are proven here and now. None is needed: where one is missing, the CPU does all.
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let (learned, broken) = learned(&settings.data);
    let file = broken.map(|error| Finding::warning("learned costs", error, "delete the file: all is learnt again"));
    survey(&learned, &settings.data, Prove::Hardware).iter().map(finding).chain(file).chain(nodes(&files())).collect()
}

fn finding(sight: &Sight) -> Finding {
    match sight {
        Sight::Unusable { api, what, remedy } => Finding::ok(format!("device {api}"), format!("none ({what}; {remedy})")),
        Sight::Usable(device) => {
            let subject = format!("device {}", device.name);
            let label = if device.ran_on_hardware { "" } else { ", never run on hardware" };
            let what = format!("{} ({}{label}), driver {}", device.info.name, device.info.kind.name(), device.info.driver);
            match &device.proof {
                Some(Err(error)) => Finding::warning(
                    subject,
                    format!("{what}: not used: {error}"),
                    "update or replace the driver; until then the CPU does its work, and the service goes on trying",
                ),
                Some(Ok(Proof { answers, first_time, .. })) => {
                    Finding::ok(subject, format!("{what}: {answers} known answers, all right, in {:.1} s", first_time.as_secs_f64()))
                }
                None => Finding::ok(subject, format!("{what}: used only where it is named; `chainbox devices --check` proves it")),
            }
        }
    }
}

/// The files of devices that are there.
fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = NODES.into_iter().flat_map(|(folder, prefix)| in_folder(Path::new(folder), prefix)).collect();
    files.sort();
    files
}

fn in_folder(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_node = |name: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest == "ctl" || rest.parse::<u16>().is_ok() || rest == "-uvm")
    };
    entries.filter(|entry| entry.file_name().to_str().is_some_and(is_node)).map(|entry| entry.path()).take(NODES_MAX).collect()
}

/// Those that this user may not read and write.
fn nodes(files: &[PathBuf]) -> Vec<Finding> {
    let (free, closed): (Vec<_>, Vec<_>) =
        files.iter().partition(|file| access(file.as_path(), AccessFlags::R_OK | AccessFlags::W_OK).is_ok());
    let names = |files: &[&PathBuf]| files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    if !closed.is_empty() {
        let remedy = "add this user to the groups that own them: sudo usermod -aG render,video USER, and log in again";
        return vec![Finding::warning("device files", format!("{} cannot be used by this user", names(&closed)), remedy)];
    }
    if free.is_empty() { Vec::new() } else { vec![Finding::ok("device files", names(&free))] }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::finding::State;
    use super::*;

    #[test]
    fn files_of_devices_are_told_from_others() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["nvidia0", "nvidia12", "nvidiactl", "nvidia-uvm", "nvidia", "nvidia-caps", "nvme0", "snvidia0"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = in_folder(folder.path(), "nvidia");
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(in_folder(&folder.path().join("absent"), "nvidia").is_empty());
    }

    #[test]
    fn a_file_that_may_not_be_used_is_named_with_the_groups_to_join() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("renderD128");
        fs::write(&file, "").unwrap();
        assert_eq!(nodes(std::slice::from_ref(&file))[0].state, State::Ok);
        assert!(nodes(&[]).is_empty());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
        // Whoever may do everything may use it all the same.
        if !nix::unistd::Uid::effective().is_root() {
            let found = nodes(&[file]);
            assert_eq!(found[0].state, State::Warning);
            assert!(found[0].found.contains("renderD128") && found[0].remedy.as_ref().unwrap().contains("render"), "{found:?}");
        }
    }

    #[test]
    fn nothing_to_use_is_no_fault_of_the_machine() {
        let absent = Sight::Unusable { api: "cuda", what: "no driver".to_owned(), remedy: "install it".to_owned() };
        let found = finding(&absent);
        assert_eq!((found.state, &*found.found), (State::Ok, "none (no driver; install it)"));
    }
}
