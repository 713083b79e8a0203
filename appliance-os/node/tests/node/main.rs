//! A node that runs, as those who use it see it.

mod common;
mod crash;
mod path;
