//! What the libraries that stand in for a card have in common: settings, verdicts on single items, private keys, a log.
//!
//! A program that loads such a library asks one item at a time, from many threads. [`Card`] answers from this process's CPU or from a service, and gathers
//! what is asked at once ([`gather`]).

mod card;
pub mod gather;
mod keys;
mod link;
pub mod log;
mod process;
pub mod settings;
mod verifier;

pub use card::Card;
pub use keys::Keys;
pub use log::{Level, Log};
pub use process::{PerProcess, guarded};
pub use settings::Settings;
