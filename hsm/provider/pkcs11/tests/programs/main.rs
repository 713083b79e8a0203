//! The library as host programs use it: C programs that load it by `dlopen`, pkcs11-tool, libcrypto's engine, and our own adapter.

mod adapter;
mod build;
mod card;
mod library;
mod openssl;
mod service;
mod tool;
