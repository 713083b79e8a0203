//! The built binary, as a user runs it.

mod ethereum;
mod jsonl;
mod pages;
mod run;
mod server;
mod streams;
mod wycheproof_files;
mod x509;
