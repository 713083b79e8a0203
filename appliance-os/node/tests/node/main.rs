//! A node that runs, as those who use it see it.

mod archive;
mod common;
mod crash;
mod path;
