//! Verdicts of the device on signatures of any key.

use chainbox_engine::hash::Digest;
use hex::FromHex;

use super::{
    abi::{EccPublicKey, EccSignature, SM2_SIGNATURES},
    codes::{Code, Cure, Fault},
    library::Session,
};
use crate::{Error, Kind, PublicKey, Signature};

/// The signature of GB/T 32918.5-2017, A.2: key, e, r || s.
const KNOWN: [&str; 3] = [
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
    "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640",
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
];

fn known() -> (PublicKey, Digest, Signature) {
    let [key, e, signature] = KNOWN;
    let read = "the constants are hexadecimal";
    (FromHex::from_hex(key).expect(read), FromHex::from_hex(e).expect(read), FromHex::from_hex(signature).expect(read))
}

/// Asks under one number of the algorithm.
pub(super) fn ask(session: &mut Session, number: u32, key: &PublicKey, e: &Digest, signature: &Signature) -> Result<bool, Fault> {
    match session.verify(number, EccPublicKey::new(key), *e, EccSignature::new(signature)) {
        Ok(()) => Ok(true),
        Err(Fault::Code { code: Code::VERIFY, .. }) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// The number under which the library verifies SM2 signatures: that of GM/T 0006-2012 or the earlier one. It is known by its answers to a signature that is
/// valid and to one that is not, as the same number means another algorithm in the other numbering.
pub(super) fn find_number(session: &mut Session, place: &str) -> Result<u32, Fault> {
    let (key, e, signature) = known();
    let mut wrong = e;
    wrong[0] ^= 1;
    let mut answers = Vec::new();
    for number in SM2_SIGNATURES {
        match (ask(session, number, &key, &e, &signature), ask(session, number, &key, &wrong, &signature)) {
            (Ok(true), Ok(false)) => return Ok(number),
            (Err(fault), _) | (_, Err(fault)) if fault.cure() == Cure::Device => return Err(fault),
            (Err(fault), _) | (_, Err(fault)) => answers.push(fault.explain(&format!("{number:#010x}"), "").to_string()),
            (Ok(valid), Ok(_)) => {
                answers.push(format!("{number:#010x}: a valid signature is {}", if valid { "as valid as another" } else { "not" }));
            }
        }
    }
    let what = format!("the library verifies no SM2 signature under either number of the algorithm: {}", answers.join("; "));
    Err(Error::new(Kind::Unsupported, place, what).remedy("verify in software, or ask the vendor for the number").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, KeyInfo, device::contract::verifies};

    #[test]
    fn the_known_signature_is_valid() {
        let (public_key, e, signature) = known();
        let key = KeyInfo { label: "known".parse().expect("a label"), algorithm: Algorithm::Sm2, public_key };
        assert!(verifies(&key, &e, &signature));
        let mut wrong = e;
        wrong[0] ^= 1;
        assert!(!verifies(&key, &wrong, &signature));
    }
}
