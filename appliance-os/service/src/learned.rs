//! What was learnt of back ends, kept across restarts: a file in the data folder.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    path::Path,
};

use chainbox_engine::{
    batch::{Encoding, Input, Shape},
    dispatch::{BackendId, LearntCurve, Task},
    hash::Hash,
    scheme::Scheme,
};
use serde::{Deserialize, Serialize};

/// The name of the file in the data folder.
pub const FILE: &str = "backends.json";

/// The most bytes of the file: tasks are some hundred and back ends a few.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The form of the file. Another one is not read.
const VERSION: u32 = 1;

/// What was learnt of one back end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// The back end's name.
    pub name: String,
    /// The device and its driver: the curves hold for these alone.
    pub hardware: String,
    /// What its jobs take.
    pub curves: Vec<Curve>,
}

/// What a job takes: a fixed time, one for each item and one for each byte. Of the CPU it is the time of one core, of a device the time with its checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What is done, in words: see [`task_of`] for what they stand for.
    pub task: String,
    /// Nanoseconds that any job takes.
    pub fixed_ns: f64,
    /// Nanoseconds an item.
    pub item_ns: f64,
    /// Nanoseconds a byte.
    pub byte_ns: f64,
    /// The jobs that it was learnt from.
    pub jobs: u64,
}

impl Curve {
    /// As the dispatcher has it.
    pub(crate) fn of(learnt: &LearntCurve) -> Self {
        let LearntCurve { backend: _, task, fixed_ns, item_ns, byte_ns, jobs } = *learnt;
        Self { task: words_of(task), fixed_ns, item_ns, byte_ns, jobs }
    }

    /// For the dispatcher; none where it is of a task that this version does not know, or no number that could be a time.
    pub(crate) fn learnt(&self, backend: BackendId) -> Option<LearntCurve> {
        let Self { task, fixed_ns, item_ns, byte_ns, jobs } = self;
        let is_time = |time: &f64| time.is_finite() && *time >= 0.0;
        let task = task_of(task).filter(|_| [fixed_ns, item_ns, byte_ns].into_iter().all(is_time))?;
        Some(LearntCurve { backend, task, fixed_ns: *fixed_ns, item_ns: *item_ns, byte_ns: *byte_ns, jobs: *jobs })
    }
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
struct Contents {
    version: u32,
    backends: Vec<Learned>,
}

/// Reads the file; nothing where there is none.
///
/// # Errors
/// A line with the path: it cannot be read, or is none of this version. Nothing is lost but time then: all is learnt again.
pub fn read(path: &Path) -> Result<Vec<Learned>, String> {
    let place = path.display();
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{place} cannot be read: {error}")),
    }
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("{place} has more than {FILE_BYTES_MAX} bytes: delete it"));
    }
    let contents: Contents =
        serde_json::from_str(&text).map_err(|error| format!("{place} holds no curves of back ends ({error}): delete it"))?;
    if contents.version != VERSION {
        return Err(format!("{place} has version {} and this program knows version {VERSION}: delete it", contents.version));
    }
    Ok(contents.backends)
}

/// Writes the file: it has the old contents or the new ones, whatever happens meanwhile.
///
/// # Errors
/// A line with the path.
pub fn write(path: &Path, learned: &[Learned]) -> Result<(), String> {
    let contents = Contents { version: VERSION, backends: learned.to_vec() };
    let text = serde_json::to_string_pretty(&contents).map_err(|error| format!("{}: {error}", path.display()))?;
    let new = path.with_extension("json.new");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&new, path)).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

const HINTED: &str = "hinted";
const HINTING: &str = "hinting";
const LOW_S: &str = "low-s";

/// A task in words: `verify sm2-sm3 digest raw`, `recover message low-s`, `digest sm3`; `low-s` for the policy, `hinted` where items come with hints,
/// `hinting` where hints are wanted.
#[must_use]
pub fn words_of(task: Task) -> String {
    let mut words = Vec::new();
    let mut flags = Vec::new();
    match task {
        Task::Verify { shape, has_hints, want_hints } => {
            words.extend(["verify", shape.scheme.name(), shape.input.name(), shape.encoding.name()]);
            flags.extend([(shape.low_s, LOW_S), (has_hints, HINTED), (want_hints, HINTING)]);
        }
        Task::Recover { input, low_s, has_hints } => {
            words.extend(["recover", input.name()]);
            flags.extend([(low_s, LOW_S), (has_hints, HINTED)]);
        }
        Task::Digest(hash) => words.extend(["digest", hash.name()]),
    }
    words.extend(flags.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)));
    words.join(" ")
}

/// The task that [`words_of`] gives these words; none where it gives them to no task.
#[must_use]
pub fn task_of(words: &str) -> Option<Task> {
    let list: Vec<&str> = words.split(' ').collect();
    let has = |flag: &str| list.contains(&flag);
    let input = |name: &str| [Input::Message, Input::Digest].into_iter().find(|input| input.name() == name);
    let task = match *list.as_slice() {
        ["verify", scheme, input_name, encoding, ..] => {
            let scheme = scheme.parse::<Scheme>().ok()?;
            let encoding = [Encoding::Raw, Encoding::Der].into_iter().find(|known| known.name() == encoding)?;
            let shape = Shape { scheme, input: input(input_name)?, encoding, low_s: has(LOW_S) };
            Task::Verify { shape, has_hints: has(HINTED), want_hints: has(HINTING) }
        }
        ["recover", input_name, ..] => Task::Recover { input: input(input_name)?, low_s: has(LOW_S), has_hints: has(HINTED) },
        ["digest", hash] => Task::Digest(Hash::ALL.into_iter().find(|known| known.name() == hash)?),
        _ => return None,
    };
    (words_of(task) == words).then_some(task)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks() -> Vec<Task> {
        let mut tasks: Vec<_> = Hash::ALL.into_iter().map(Task::Digest).collect();
        let bools = [false, true];
        for input in [Input::Message, Input::Digest] {
            for (low_s, has_hints) in bools.into_iter().flat_map(|a| bools.map(|b| (a, b))) {
                tasks.push(Task::Recover { input, low_s, has_hints });
                for scheme in Scheme::ALL {
                    for encoding in [Encoding::Raw, Encoding::Der] {
                        let shape = Shape { scheme, input, encoding, low_s };
                        tasks.extend(bools.map(|want_hints| Task::Verify { shape, has_hints, want_hints }));
                    }
                }
            }
        }
        tasks
    }

    #[test]
    fn every_task_has_words_of_its_own() {
        for task in tasks() {
            assert_eq!(task_of(&words_of(task)), Some(task));
        }
        for words in [
            "",
            "verify",
            "verify sm2-sm3 digest raw raw",
            "digest sm3 low-s",
            "digest md5",
            "recover digest hinting",
            "Verify sm2-sm3 digest raw",
        ] {
            assert_eq!(task_of(words), None, "{words}");
        }
    }

    fn learned() -> Learned {
        let curve = |task| Curve { task: words_of(task), fixed_ns: 1e5, item_ns: 12.5, byte_ns: 0.0, jobs: 7 };
        Learned { name: "opencl".to_owned(), hardware: "a card, driver 1".to_owned(), curves: tasks().into_iter().map(curve).collect() }
    }

    #[test]
    fn what_is_written_is_read_back_and_no_other_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        assert_eq!(read(&path), Ok(Vec::new()));
        for round in 1..=2 {
            let all = vec![learned(); round];
            write(&path, &all).unwrap();
            assert_eq!(read(&path), Ok(all));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(fs::metadata(&path).unwrap().len() < FILE_BYTES_MAX / 64, "the bound has room for all back ends");
    }

    #[test]
    fn a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let long = " ".repeat(FILE_BYTES_MAX as usize + 1);
        for (text, words) in [("", "no curves"), ("{}", "no curves"), ("{\"version\":2,\"backends\":[]}", "version 2"), (&*long, "bytes")] {
            fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err();
            assert!(error.contains(words) && error.contains(FILE) && error.contains("delete it"), "{error}");
        }
        assert!(write(&folder.path().join("nowhere").join(FILE), &[]).unwrap_err().contains(FILE));
    }

    #[test]
    fn what_cannot_be_a_time_is_not_taken() {
        let curve = learned().curves[0].clone();
        assert!(curve.learnt(BackendId(1)).is_some());
        assert_eq!(Curve::of(&curve.learnt(BackendId(1)).unwrap()), curve);
        for wrong in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(Curve { item_ns: wrong, ..curve.clone() }.learnt(BackendId(1)), None);
        }
        assert_eq!(Curve { task: "dance".to_owned(), ..curve }.learnt(BackendId(1)), None);
    }
}
