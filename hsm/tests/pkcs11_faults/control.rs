//! What the failing module is told, and what it saw: the file that it maps, which `module.c` describes.
#![expect(unsafe_code, reason = "the module finds its control file by the environment of the process")]

use std::{
    env,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::PathBuf,
    process::Command,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use chainbox_hsm::pkcs11::{Options, TokenName};

use crate::softhsm;

/// Functions of a module by their place in `CK_FUNCTION_LIST`.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    Initialize = 0,
    Finalize = 1,
    OpenSession = 12,
    CloseSession = 13,
    Login = 18,
    FindObjectsInit = 26,
    SignInit = 42,
    Sign = 43,
    GenerateKeyPair = 59,
}

/// What a function does instead of, before or after what it should.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Answers with this code at once.
    Answer(u64),
    /// Comes back only after `release`.
    Hang,
    /// Does it and answers with this code all the same.
    AnswerAfter(u64),
    /// Takes so many milliseconds.
    Sleep(u64),
    /// Closes all sessions before.
    CloseSessions,
    /// Logs the application out before.
    LogOut,
}

impl Action {
    const fn words(self) -> [u64; 2] {
        match self {
            Self::Answer(code) => [1, code],
            Self::Hang => [2, 0],
            Self::AnswerAfter(code) => [4, code],
            Self::Sleep(milliseconds) => [5, milliseconds],
            Self::CloseSessions => [6, 0],
            Self::LogOut => [7, 0],
        }
    }
}

/// Words of `struct control`.
const OVERLAP_MAX: u64 = 0;
const THREADS_DIFFER: u64 = 3;
const RELEASED: u64 = 4;
const TOKEN_GONE: u64 = 5;
const BARE_POINTS: u64 = 6;
const INITIALIZE_FLAGS: u64 = 7;
const FAULTS: u64 = 8;
const FAULT_WORDS: u64 = 5;
const FUNCTIONS: u64 = 68;

/// The failing module, for one test at a time.
pub struct Faults {
    file: File,
    _alone: MutexGuard<'static, ()>,
}

fn module() -> PathBuf {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    let made = MODULE.get_or_init(|| {
        let folder = softhsm::folder();
        let (module, control) = (folder.join("faults.so"), folder.join("faults.control"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pkcs11_faults/module.c");
        let compiled = Command::new("cc")
            .args(["-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", "-o"])
            .arg(&module)
            .args([source, "-lcrypto", "-ldl", "-lpthread"])
            .status();
        assert!(compiled.expect("a C compiler").success(), "{source} compiles: `tests/run packages` installs what it needs");
        fs::write(&control, vec![0; ((FAULTS + FUNCTIONS * FAULT_WORDS) * 8) as usize]).expect("a control file");
        // SAFETY: every test of this program begins here and waits here, so that nobody reads the environment meanwhile.
        unsafe {
            env::set_var("CHAINBOX_FAULTS_MODULE", softhsm::module());
            env::set_var("CHAINBOX_FAULTS", &control);
        }
        module
    });
    made.clone()
}

impl Faults {
    /// Without any fault yet.
    pub fn begin() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let module = module();
        let file = File::options().read(true).write(true).open(module.with_file_name("faults.control")).expect("the control file");
        let faults = Self { file, _alone: alone };
        // The count of calls inside stays: a thread of an earlier test may still come out.
        for word in (0..FAULTS + FUNCTIONS * FAULT_WORDS).filter(|word| *word != 1) {
            faults.put(word, 0);
        }
        faults
    }

    pub fn options(&self) -> Options {
        Options::new(module(), TokenName::Label(softhsm::TOKEN.to_owned()))
    }

    fn put(&self, word: u64, value: u64) {
        self.file.write_all_at(&value.to_ne_bytes(), word * 8).expect("written");
    }

    fn get(&self, word: u64) -> u64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, word * 8).expect("read");
        u64::from_ne_bytes(bytes)
    }

    /// The function fails in so many of its next calls.
    pub fn fail(&self, function: Function, action: Action, times: u64) {
        self.fail_later(function, action, 0, times);
    }

    /// The function fails in so many calls after those that it lets pass.
    pub fn fail_later(&self, function: Function, action: Action, skip: u64, times: u64) {
        let at = FAULTS + function as u64 * FAULT_WORDS;
        let [action, value] = action.words();
        for (word, value) in [(0, action), (1, value), (2, skip), (3, times)] {
            self.put(at + word, value);
        }
    }

    /// How often a function was called.
    pub fn calls(&self, function: Function) -> u64 {
        self.get(FAULTS + function as u64 * FAULT_WORDS + 4)
    }

    /// How many of the calls that were to fail did not happen yet.
    pub fn faults_left(&self, function: Function) -> u64 {
        self.get(FAULTS + function as u64 * FAULT_WORDS + 3)
    }

    pub fn release(&self) {
        self.put(RELEASED, 1);
    }

    pub fn pull_token(&self) {
        self.put(TOKEN_GONE, 1);
    }

    pub fn put_token_back(&self) {
        self.put(TOKEN_GONE, 0);
    }

    pub fn show_bare_points(&self) {
        self.put(BARE_POINTS, 1);
    }

    pub fn overlap_max(&self) -> u64 {
        self.get(OVERLAP_MAX)
    }

    pub fn threads_differ(&self) -> bool {
        self.get(THREADS_DIFFER) != 0
    }

    pub fn initialize_flags(&self) -> u64 {
        self.get(INITIALIZE_FLAGS)
    }
}

impl Drop for Faults {
    /// Lets every hung thread out and waits for its end: a process must not end while one of them is in the module.
    fn drop(&mut self) {
        self.release();
        let began = Instant::now();
        while threads_of_devices() > 0 && began.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn threads_of_devices() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("the threads of this process").flatten();
    tasks.filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.starts_with("hsm-"))).count()
}
