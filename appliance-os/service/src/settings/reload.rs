//! What a reload applies, and what waits for the next start.

use super::{
    Settings, SigningKey,
    keys::{Change, Draft, KEYS, Key},
    tables::{SIGNING_KEY_TABLE, SIGNING_KEYS, SOURCE_TABLE},
};

/// The keys whose values differ between two settings, by their dotted names; `source` stands for all sources, `hsm.key` for
/// all keys that sign.
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
        if self.hsm.keys != new.hsm.keys {
            let list = if self.can_reload_signing_keys(new) { &mut changes.applied } else { &mut changes.needs_restart };
            list.push(SIGNING_KEY_TABLE);
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
        let mut settings = Self { sources: new.sources.clone(), ..draft.into_settings() };
        if self.can_reload_signing_keys(new) {
            settings.hsm.keys.clone_from(&new.hsm.keys);
        }
        settings
    }

    /// Whether a reload applies the tables of keys that sign: roles may change and keys may go and come, but not what the device was opened with.
    fn can_reload_signing_keys(&self, new: &Self) -> bool {
        let fixed = |key: &SigningKey| {
            let mut key = key.clone();
            SIGNING_KEYS.iter().filter(|known| known.change == Change::Restart).map(|known| known.kind.show(&mut key)).collect::<Vec<_>>()
        };
        let same = |old: &SigningKey, new: &SigningKey| old.label != new.label || fixed(old) == fixed(new);
        let is_kept = self.hsm.keys.iter().all(|old| new.hsm.keys.iter().all(|new| same(old, new)));
        // A card's indexes are given to it when it is opened.
        let has_new_index = new.hsm.keys.iter().any(|key| key.index.is_some() && !self.hsm.keys.iter().any(|old| old.label == key.label));
        is_kept && !has_new_index
    }

    /// Whether a reload applies a key. TLS's files can change, but not whether there is TLS: that is another listener.
    fn can_reload(&self, new: &Self, key: &Key<Draft>) -> bool {
        key.change == Change::Reload && (!key.name.starts_with("tls.") || self.tls.is_some() == new.tls.is_some())
    }
}
