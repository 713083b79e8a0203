//! Random and edge items against other libraries: RustCrypto, libsecp256k1, libcrypto and the `openssl` program; and the box as a PKCS#11 token against the engine
//! and libcrypto.
//!
//! A run compares 10,000 items a scheme. The long form, before a release or after a change of the arithmetic:
//!
//! ```sh
//! CHAINBOX_DIFFERENTIAL_ITEMS=100000 cargo test --release -p chainbox-tests --test differential
//! ```
//!
//! A failure prints the seed and the item as a line for `chainbox verify`; CHAINBOX_TEST_SEED repeats or varies the run.

mod alter;
mod classes;
mod construct;
mod items;
mod openssl_program;
mod peers;
mod recovery;
mod sign;
mod token;
mod verify;

use chainbox_tests::{curve, seed};

/// The environment variable that sets how many items of each scheme are compared, a decimal number.
const ITEMS_VARIABLE: &str = "CHAINBOX_DIFFERENTIAL_ITEMS";

/// Items of each scheme where [`ITEMS_VARIABLE`] is not set.
const ITEMS_DEFAULT: u64 = 10_000;

/// Items that are made, and held in memory, at a time.
const CHUNK_ITEMS: usize = 10_000;

/// How many items of each scheme to compare.
fn items_wanted() -> usize {
    let items = usize::try_from(seed::number(ITEMS_VARIABLE, ITEMS_DEFAULT)).expect("a number of items that memory can count");
    assert!(items >= CHUNK_ITEMS, "{ITEMS_VARIABLE} is {items}: give at least {CHUNK_ITEMS}, so that every class of items appears");
    items
}
