//! Programs in C that load the library as nodes do, and our own adapter above it.

mod adapter;
mod calls;
mod host;
mod installed;
mod items;
mod service;
mod settings;
