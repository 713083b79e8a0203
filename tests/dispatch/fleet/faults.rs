//! Devices that fail.
