//! SoftHSM with tokens of its own, one set for each test process.
#![allow(dead_code, reason = "each test program uses a part")]
#![expect(unsafe_code, reason = "SoftHSM finds its settings by the environment of the process")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::OnceLock,
    time::Duration,
};

use chainbox_hsm::{
    Deadline,
    pkcs11::{Options, Pkcs11, TokenName},
    secret::Secret,
};

pub const PIN: &str = "1234";
pub const TOKEN: &str = "chainbox-test";
pub const OTHER_TOKEN: &str = "chainbox-other";
/// Nobody logs in to it.
pub const UNUSED_TOKEN: &str = "chainbox-unused";
/// Two tokens have this label.
pub const TWIN_TOKEN: &str = "chainbox-twin";

/// Where the package of a distribution puts the module.
const PLACES: [&str; 3] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"];

/// The module.
pub fn module() -> PathBuf {
    let here = PLACES.iter().map(PathBuf::from).find(|place| place.exists());
    here.unwrap_or_else(|| panic!("SoftHSM is not installed: run `tests/run packages`"))
}

/// The folder of this process, whose tokens were made just now.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("softhsm");
        fs::create_dir_all(&all).expect("a folder");
        remove_those_of_the_dead(&all);
        let folder = all.join(process::id().to_string());
        fs::create_dir_all(folder.join("tokens")).expect("a folder");
        let settings = folder.join("softhsm2.conf");
        fs::write(&settings, format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.join("tokens").display())).expect("settings");
        for label in [TOKEN, OTHER_TOKEN, UNUSED_TOKEN, TWIN_TOKEN, TWIN_TOKEN] {
            make_token(&settings, label);
        }
        // SAFETY: every test begins here and waits here, so that nobody reads the environment meanwhile.
        unsafe { env::set_var("SOFTHSM2_CONF", &settings) };
        folder
    })
}

fn remove_those_of_the_dead(all: &Path) {
    for old in fs::read_dir(all).expect("the folder").flatten() {
        if !Path::new("/proc").join(old.file_name()).exists() {
            let _ = fs::remove_dir_all(old.path());
        }
    }
}

fn make_token(settings: &Path, label: &str) {
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", label, "--so-pin", "so-pin", "--pin", PIN])
        .env("SOFTHSM2_CONF", settings)
        .output()
        .expect("softhsm2-util runs: `tests/run packages` installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

pub fn pin() -> Secret {
    Secret::new(PIN.as_bytes().to_vec())
}

pub fn options(token: &str) -> Options {
    folder();
    Options::new(module(), TokenName::Label(token.to_owned()))
}

pub fn open(options: Options) -> Pkcs11 {
    Pkcs11::open(options, pin()).unwrap_or_else(|error| panic!("{error}"))
}

/// Time enough for anything on a busy machine.
pub fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}
