//! What a reload applies, and what waits for the next start.

use super::{
    Settings,
    keys::{Change, Draft, KEYS, Key, SOURCE_TABLE},
};

/// The keys whose values differ between two settings, by their dotted names; `source` stands for all sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Those that a reload applies.
    pub applied: Vec<&'static str>,
    /// Those that count on the next start.
    pub needs_restart: Vec<&'static str>,
}

impl Settings {
    /// What differs in new settings. The files that TLS names may have changed although nothing differs here.
    #[must_use]
    pub fn changes_to(&self, new: &Self) -> Changes {
        let mut changes = Changes::default();
        let (mut old_draft, mut new_draft) = (Draft::of(self.clone()), Draft::of(new.clone()));
        for key in KEYS.iter().filter(|key| key.kind.show(&mut old_draft) != key.kind.show(&mut new_draft)) {
            let list = if self.can_reload(new, key) { &mut changes.applied } else { &mut changes.needs_restart };
            list.push(key.name);
        }
        if self.sources != new.sources {
            changes.applied.push(SOURCE_TABLE);
        }
        changes
    }

    /// The settings in force after a reload: those of `new` that can be applied, the others as they are.
    #[must_use]
    pub fn reloaded_with(&self, new: &Self) -> Self {
        let (mut draft, mut new_draft) = (Draft::of(self.clone()), Draft::of(new.clone()));
        for key in KEYS.iter().filter(|key| self.can_reload(new, key)) {
            key.kind.copy(&mut new_draft, &mut draft);
        }
        Self { sources: new.sources.clone(), ..draft.into_settings() }
    }

    /// Whether a reload applies a key. TLS's files can change, but not whether there is TLS: that is another listener.
    fn can_reload(&self, new: &Self, key: &Key<Draft>) -> bool {
        key.change == Change::Reload && (!key.name.starts_with("tls.") || self.tls.is_some() == new.tls.is_some())
    }
}
