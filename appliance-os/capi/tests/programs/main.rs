//! C programs that use the library as anybody would: compiled against the header, linked with the shared and with the static library, and run.

mod build;
mod drive;
mod examples;
mod in_process;
mod installed;
mod misuse;
