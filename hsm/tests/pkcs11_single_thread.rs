//! The PKCS#11 adapter over a module that bears one thread: SoftHSM, told so. In a program of its own, since nobody else may use the module meanwhile.

mod softhsm;

use chainbox_hsm::{
    Kind,
    device::contract,
    pkcs11::{Options, Pkcs11},
};
use softhsm::{OTHER_TOKEN, TOKEN, open, options, pin, soon};

#[test]
fn one_thread_keeps_the_contract_and_shares_the_module_with_nobody() {
    let device = open(Options { single_thread: true, ..options(TOKEN) });
    contract::check(&device, "single ", soon).unwrap_or_else(|failure| panic!("{failure}"));
    let error = Pkcs11::open(options(OTHER_TOKEN), pin()).err().expect("refused");
    assert_eq!(error.kind, Kind::Library, "{error}");
    drop(device);
    open(options(OTHER_TOKEN));
}
