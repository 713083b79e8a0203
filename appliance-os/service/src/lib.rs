//! The service.

pub mod settings;
