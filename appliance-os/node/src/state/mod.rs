//! The state of the chain: accounts and entries, and the tree that commits to them.

mod key;
mod page;
mod proof;
mod tree;

pub use key::{Account, Permission, StateKey};
pub use page::{Leaf, Leaves, MemoryLeaves};
pub use proof::{Found, StatePath};
pub use tree::{Change, Prepared, State, StateOptions};
