//! The SDF adapter with an SDF library in software, which is written from the standard's definitions and fails on command (`tests/sdf_fixture`).

mod faults;
mod fixture;
mod hangs;
mod lies;
mod sessions;
mod signatures;
