//! What a reload may change while calls are served.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::settings::{Limits, Settings};

/// The limits in force.
pub struct Live {
    limits: ArcSwap<Limits>,
}

impl Live {
    /// Those of the settings that the service starts with.
    pub fn new(settings: &Settings) -> Self {
        Self { limits: ArcSwap::from_pointee(settings.limits.clone()) }
    }

    /// Takes over those of changed settings.
    pub fn apply(&self, settings: &Settings) {
        self.limits.store(Arc::new(settings.limits.clone()));
    }

    /// The limits in force now.
    pub fn limits(&self) -> Arc<Limits> {
        self.limits.load_full()
    }
}
