//! The libraries that made the arithmetic also have verifiers: they must agree with every expected verdict.

use chainbox_engine::{
    batch::{Encoding, Input, OwnedItem},
    hash::Digest,
    scheme::Scheme,
};
use chainbox_workloads::{Kind, SM2_DEFAULT_ID, Spec, Workload};
use k256::ecdsa::signature::{Verifier as _, hazmat::PrehashVerifier as _};
use sha2::Digest as _;

/// Whether the library of the item's curve accepts it.
fn accepts(item: &OwnedItem) -> bool {
    match item.shape.scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => secp256k1_accepts(item),
        Scheme::EcdsaP256Sha256 => p256_accepts(item),
        Scheme::Sm2Sm3 => sm2_accepts(item),
    }
    .is_ok()
}

fn secp256k1_accepts(item: &OwnedItem) -> Result<(), k256::ecdsa::Error> {
    use k256::ecdsa::{Signature, VerifyingKey};
    let signature = match item.shape.encoding {
        Encoding::Raw => Signature::from_slice(&item.signature),
        Encoding::Der => Signature::from_der(&item.signature),
    }?;
    VerifyingKey::from_sec1_bytes(&item.key)?.verify_prehash(&ecdsa_digest(item), &signature)
}

fn p256_accepts(item: &OwnedItem) -> Result<(), p256::ecdsa::Error> {
    use p256::ecdsa::{Signature, VerifyingKey};
    let signature = match item.shape.encoding {
        Encoding::Raw => Signature::from_slice(&item.signature),
        Encoding::Der => Signature::from_der(&item.signature),
    }?;
    VerifyingKey::from_sec1_bytes(&item.key)?.verify_prehash(&ecdsa_digest(item), &signature)
}

fn sm2_accepts(item: &OwnedItem) -> Result<(), sm2::dsa::signature::Error> {
    use sm2::dsa::{DerSignature, Signature, VerifyingKey};
    let signature = match item.shape.encoding {
        Encoding::Raw => Signature::from_slice(&item.signature),
        Encoding::Der => DerSignature::try_from(&*item.signature).and_then(Signature::try_from),
    }?;
    let id = std::str::from_utf8(item.id.as_deref().unwrap_or(SM2_DEFAULT_ID)).expect("an id in UTF-8");
    let key = VerifyingKey::from_sec1_bytes(id, &item.key)?;
    match item.shape.input {
        Input::Message => key.verify(&item.input, &signature),
        Input::Digest => key.verify_prehash(&item.input, &signature),
    }
}

fn ecdsa_digest(item: &OwnedItem) -> Digest {
    match (item.shape.input, item.shape.scheme) {
        (Input::Digest, _) => item.input.as_slice().try_into().expect("32 bytes"),
        (Input::Message, Scheme::EcdsaSecp256k1Keccak256) => sha3::Keccak256::digest(&item.input).into(),
        (Input::Message, _) => sha2::Sha256::digest(&item.input).into(),
    }
}

/// Every form that a spec can have, a few items each.
fn forms(scheme: Scheme) -> Vec<Spec> {
    let mut specs = Vec::new();
    for form in 0..16_u64 {
        specs.push(Spec {
            input: if form & 1 == 0 { Input::Message } else { Input::Digest },
            encoding: if form & 2 == 0 { Encoding::Raw } else { Encoding::Der },
            compressed: form & 4 != 0,
            low_s: form & 8 != 0 && scheme != Scheme::Sm2Sm3,
            signers: 3,
            message_bytes: form as usize * 11,
            id: vec![b'i'; form as usize],
            seed: form,
            ..Spec::new(scheme, 6)
        });
    }
    specs
}

#[test]
fn valid_items_are_accepted() {
    for scheme in Scheme::ALL {
        for spec in forms(scheme) {
            let workload = Workload::new(spec).unwrap();
            for signed in workload.items(0..6) {
                assert!(signed.expected().is_valid() && accepts(&signed.item), "{signed:?}");
            }
        }
    }
}

#[test]
fn invalid_items_are_refused() {
    for scheme in Scheme::ALL {
        for spec in forms(scheme) {
            // Whether high s is refused is a policy that the libraries do not share.
            let kinds: Vec<_> = Kind::all_for(spec.shape()).into_iter().filter(|kind| *kind != Kind::HighS).collect();
            let items = 2 * kinds.len() as u64;
            let workload = Workload::new(Spec { items, invalid_share: 1.0, invalid_kinds: kinds, ..spec }).unwrap();
            for signed in workload.items(0..items) {
                let item = &signed.item;
                // Prefix 5 is a compact form of these libraries alone, which chooses a y by itself; SEC1 has no such prefix.
                let compact = item.key.len() == 33 && item.key[0] == 5;
                assert!(!signed.expected().is_valid() && (compact || !accepts(item)), "{signed:?}");
            }
        }
    }
}

#[test]
fn high_s_is_the_twin_of_a_valid_signature() {
    let spec = Spec { low_s: true, ..Spec::new(Scheme::EcdsaP256Sha256, 20) };
    let valid = Workload::new(spec.clone()).unwrap().items(0..20);
    let high = Workload::new(Spec { invalid_share: 1.0, invalid_kinds: vec![Kind::HighS], ..spec }).unwrap().items(0..20);
    for (valid, high) in valid.iter().zip(&high) {
        let [valid_signature, high_signature] =
            [valid, high].map(|signed| p256::ecdsa::Signature::from_slice(&signed.item.signature).unwrap());
        assert_eq!(high_signature.normalize_s(), valid_signature);
        assert_ne!(high_signature, valid_signature);
        assert!(accepts(&high.item));
    }
}
