//! The SDF adapter with an SDF library in software, which is written from the standard's definitions and fails on command (`tests/sdf_fixture`).

mod faults;
mod fixture;
mod fork;
mod hangs;
#[path = "../fork/mod.rs"]
mod in_fork;
mod lies;
mod sessions;
mod signatures;
