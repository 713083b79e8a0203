//! The box as a PKCS#11 token: `libchainbox_pkcs11.so`.
