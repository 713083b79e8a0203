//! Settings out of a file, the environment and flags: a later one wins, and every problem is found at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use super::{
    Settings, SigningKey, Source, check,
    file::{self, Entry, NO_SUCH_KEY, Repeated, remedy_for_unknown},
    keys::{self, Draft, KEYS, Key, VARIABLE_PREFIX, variable},
    kind::Paths,
    nearest::nearest,
    problem::{Problem, Problems},
    tables::{self, SIGNING_KEYS, SOURCE_KEYS, SOURCE_TABLE, Table},
    value::{Fault, Raw},
};

/// The file that is read where none is named and this one is there.
pub const FILE_DEFAULT: &str = "/etc/chainbox/chainbox.toml";

/// Where settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file, which must be there; `None` for no file.
    pub file: Option<PathBuf>,
    /// The environment: all variables, of which those are taken that set a key.
    pub environment: Vec<(String, String)>,
    /// Flags: keys by their dotted names, and values. Of two for one key the later wins.
    pub flags: Vec<(String, String)>,
}

/// Settings, and where each comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Every key with its value and origin, in the order of the template.
    pub in_force: Vec<InForce>,
}

/// A value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The dotted name of the key; `source.NAME.KEY` for a source's, `hsm.key.LABEL.KEY` for that of a key that signs.
    pub key: String,
    /// The value as the file would have it, which is JSON as well; `None` where nothing is set.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The file, and the line where the value or its table stands.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1; `None` for the file as a whole.
        line: Option<usize>,
    },
    /// This variable of the environment.
    Environment(String),
    /// A flag.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

impl Sources {
    /// The default file where it is there, and no other source.
    #[must_use]
    pub fn default_file() -> Option<PathBuf> {
        let path = Path::new(FILE_DEFAULT);
        path.exists().then(|| path.to_owned())
    }
}

impl Settings {
    /// Reads and checks settings. It looks at the files and users that they name and changes nothing.
    ///
    /// # Errors
    /// [`Problems`] with everything that is wrong.
    pub fn load(sources: &Sources) -> Result<Loaded, Problems> {
        let mut loader = Loader::new(sources);
        let content = sources.file.as_deref().map(|path| file::read(path, &mut loader.problems)).unwrap_or_default();
        for entry in content.entries {
            loader.set(&entry, Paths::Refused);
        }
        loader.environment(&sources.environment);
        loader.flags(&sources.flags);
        loader.tables(content.tables);
        loader.finish()
    }
}

/// The data folder of whoever runs this, by their environment: `chainbox` in their state folder.
#[must_use]
pub fn data_folder_of_user(environment: &[(String, String)]) -> PathBuf {
    let folder = |name: &str| {
        let value = environment.iter().find(|(variable, _)| variable == name);
        value.map(|(_, path)| PathBuf::from(path)).filter(|path| path.is_absolute())
    };
    let state = folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")));
    state.unwrap_or_else(|| "/var/lib".into()).join("chainbox")
}

/// Settings on their way.
pub(super) struct Loader {
    pub draft: Draft,
    pub problems: Vec<Problem>,
    /// Where the values come from that are not defaults.
    origins: BTreeMap<&'static str, Origin>,
    /// Keys of which some value could not be read: what follows from their values is not to be trusted.
    faulty: BTreeSet<&'static str>,
    /// Sources with the origins of their values and of themselves, as far as they could be read.
    pub sources: Vec<LoadedTable<Source>>,
    /// The same for keys that sign.
    pub signing_keys: Vec<LoadedTable<SigningKey>>,
}

/// What a table of the file says, and where it comes from.
pub(super) struct LoadedTable<T> {
    pub table: Table,
    pub value: T,
    pub origin: Origin,
    origins: BTreeMap<&'static str, Origin>,
    /// Whether all of its values could be read.
    pub is_sound: bool,
}

impl<T: Clone + 'static> LoadedTable<T> {
    /// Reads the values of a table over what holds where it says nothing.
    fn read(table: Repeated, mut value: T, keys: &'static [Key<T>], problems: &mut Vec<Problem>) -> Self {
        let mut origins = BTreeMap::new();
        let mut is_sound = true;
        let name = table.table.name();
        for Entry { key, raw, origin } in table.entries {
            let Some(key) = keys.iter().find(|known| known.name == key) else { continue };
            if let Err(Fault { what, remedy }) = key.kind.read(&mut value, &raw, Paths::Refused) {
                is_sound = false;
                problems.push(Problem { origin: origin.clone(), key: Some(format!("{name}.{}", key.name)), what, remedy });
            }
            origins.insert(key.name, origin);
        }
        Self { table: table.table, value, origin: table.origin, origins, is_sound }
    }

    /// What is in force of it, under this name.
    fn in_force(&self, name: String, keys: &'static [Key<T>]) -> impl Iterator<Item = InForce> {
        let mut value = self.value.clone();
        keys.iter().map(move |key| InForce {
            key: format!("{}.{name}.{}", self.table.name(), key.name),
            value: key.kind.show(&mut value),
            origin: self.origins.get(key.name).cloned().unwrap_or(Origin::Default),
        })
    }

    /// A problem with one of its keys.
    pub(super) fn problem(&self, key: &str, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { origin: self.origin(key), key: Some(format!("{}.{key}", self.table.name())), what: what.into(), remedy: remedy.into() }
    }

    /// Where the value of one of its keys comes from, or else the table.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).unwrap_or(&self.origin).clone()
    }
}

impl Loader {
    fn new(sources: &Sources) -> Self {
        Self {
            draft: Draft::of(Settings::with_data(data_folder_of_user(&sources.environment))),
            problems: Vec::new(),
            origins: BTreeMap::new(),
            faulty: BTreeSet::new(),
            sources: Vec::new(),
            signing_keys: Vec::new(),
        }
    }

    /// Adds a problem with a key's value in force.
    pub(super) fn problem(&mut self, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        let origin = self.origin(key);
        self.problems.push(Problem { origin, key: Some(key.to_owned()), what: what.into(), remedy: remedy.into() });
    }

    /// Where the value of a key comes from.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Whether somebody set a key, rightly or wrongly.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.origins.contains_key(key)
    }

    /// Of two keys that do not fit one another the one that was set: it is wrong, not the default beside it. The first where both were.
    pub(super) fn set_of<'k>(&self, first: &'k str, second: &'k str) -> &'k str {
        if self.is_set(second) && !self.is_set(first) { second } else { first }
    }

    /// Whether the values of all these keys could be read.
    pub(super) fn is_sound(&self, keys: &[&str]) -> bool {
        !keys.iter().any(|key| self.faulty.contains(key))
    }

    fn set(&mut self, entry: &Entry, paths: Paths) {
        let Some(key) = keys::find(entry.key) else { return };
        self.origins.insert(key.name, entry.origin.clone());
        if let Err(Fault { what, remedy }) = key.kind.read(&mut self.draft, &entry.raw, paths) {
            self.faulty.insert(key.name);
            self.problems.push(Problem { origin: entry.origin.clone(), key: Some(key.name.to_owned()), what, remedy });
        }
    }

    fn environment(&mut self, environment: &[(String, String)]) {
        let variables: Vec<String> = keys::names().map(variable).collect();
        for (name, value) in environment {
            let origin = Origin::Environment(name.clone());
            if let Some(key) = KEYS.iter().find(|key| variable(key.name) == *name) {
                self.set(&Entry { key: key.name, raw: Raw::Text(value.clone()), origin }, Paths::FromHere);
            } else if sets_something(name) {
                let remedy = if first_word(name) == Some(variable(SOURCE_TABLE).as_str()) {
                    "sources stand in the file alone, as tables [[source]]: drop the variable".to_owned()
                } else {
                    let near = nearest(name, variables.iter().map(String::as_str));
                    near.map_or_else(|| "drop it".to_owned(), |near| format!("did you mean {near}? Else drop it"))
                };
                self.problems.push(Problem { origin, key: None, what: "no key has this variable".to_owned(), remedy });
            }
        }
    }

    fn flags(&mut self, flags: &[(String, String)]) {
        for (name, value) in flags {
            match keys::find(name) {
                Some(key) => self.set(&Entry { key: key.name, raw: Raw::Text(value.clone()), origin: Origin::Flag }, Paths::FromHere),
                None => {
                    let is_source = keys::section_of(name).0.unwrap_or(name) == SOURCE_TABLE;
                    let remedy = if is_source {
                        "sources stand in the file alone, as tables [[source]]: drop the flag".to_owned()
                    } else {
                        remedy_for_unknown(name, keys::names())
                    };
                    let what = NO_SUCH_KEY.to_owned();
                    self.problems.push(Problem { origin: Origin::Flag, key: Some(name.clone()), what, remedy });
                }
            }
        }
    }

    /// Reads the tables that may stand many times: last, because the limits are the defaults of sources.
    fn tables(&mut self, tables: Vec<Repeated>) {
        for table in tables {
            match table.table {
                Table::Source => {
                    let source = tables::source_of(&self.draft.settings);
                    self.sources.push(LoadedTable::read(table, source, SOURCE_KEYS, &mut self.problems));
                }
                Table::SigningKey => {
                    self.signing_keys.push(LoadedTable::read(table, SigningKey::default(), SIGNING_KEYS, &mut self.problems));
                }
            }
        }
    }

    fn finish(mut self) -> Result<Loaded, Problems> {
        if !self.is_set("socket.path") {
            // The data folder may have been set after the defaults were made.
            self.draft.settings.socket.path = Settings::with_data(self.draft.settings.data.clone()).socket.path;
        }
        check::all(&mut self);
        if !self.problems.is_empty() {
            // Those of the file in the order of its lines, which is how they are looked for.
            self.problems.sort_by_key(|problem| match problem.origin {
                Origin::File { line, .. } => (0, line),
                _ => (1, None),
            });
            return Err(Problems(self.problems));
        }
        let in_force = self.in_force();
        let mut settings = self.draft.into_settings();
        settings.sources = self.sources.into_iter().map(|loaded| loaded.value).collect();
        settings.hsm.keys = self.signing_keys.into_iter().map(|loaded| loaded.value).collect();
        Ok(Loaded { settings, in_force })
    }

    fn in_force(&self) -> Vec<InForce> {
        let mut draft = self.draft.clone();
        let keys = KEYS.iter();
        let mut rows: Vec<_> =
            keys.map(|key| InForce { key: key.name.to_owned(), value: key.kind.show(&mut draft), origin: self.origin(key.name) }).collect();
        rows.extend(self.sources.iter().flat_map(|loaded| loaded.in_force(loaded.value.name.clone(), SOURCE_KEYS)));
        let label = |key: &SigningKey| key.label.as_ref().map(ToString::to_string).unwrap_or_default();
        rows.extend(self.signing_keys.iter().flat_map(|loaded| loaded.in_force(label(&loaded.value), SIGNING_KEYS)));
        rows
    }
}

/// The prefix and the first word of a variable, `CHAINBOX_GRPC` of `CHAINBOX_GRPC_LISTEN`.
fn first_word(variable: &str) -> Option<&str> {
    let rest = variable.strip_prefix(VARIABLE_PREFIX)?;
    let word = rest.split('_').next()?;
    Some(&variable[..VARIABLE_PREFIX.len() + word.len()])
}

/// Whether a variable looks as if it set something: its first word is a section, as in no other variable of the project.
fn sets_something(name: &str) -> bool {
    let word = first_word(name);
    word.is_some() && keys::sections().chain([SOURCE_TABLE]).any(|section| word == Some(variable(section).as_str()))
}
