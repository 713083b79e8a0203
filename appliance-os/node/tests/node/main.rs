//! A node that runs, as those who use it see it.

mod archive;
mod asking;
mod common;
mod crash;
mod path;
