//! Strategies: ways to decide equations. They differ in cost, never in the verdict.
//!
//! The reference for all is [`single`].

pub mod recover;
pub mod single;

use std::fmt;

/// A way to decide equations, by the name that settings, JSON and metrics use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Each item alone: one double product.
    Single,
    /// The signer's key from the signature: one square root, one double product.
    Recover,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 2] = [Self::Single, Self::Recover];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Recover => "recover",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
