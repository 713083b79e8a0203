//! A hint says what R is: the libraries' arithmetic must find the same point.

use chainbox_engine::{
    batch::{Input, OwnedItem},
    scheme::Scheme,
};
use chainbox_workloads::{Hints, Spec, Workload};
use sm2::elliptic_curve::{PrimeField, point::AffineCoordinates, sec1::FromSec1Point};

/// The same items twice: with the parity, and with y.
fn items(scheme: Scheme) -> impl Iterator<Item = (OwnedItem, OwnedItem)> {
    let of = |hints| {
        Workload::new(Spec { hints, input: Input::Digest, ..Spec::new(scheme, 16) })
            .unwrap()
            .items(0..16)
            .into_iter()
            .map(|signed| signed.item)
    };
    of(Hints::Parity).zip(of(Hints::Y))
}

#[test]
fn the_parity_recovers_the_key() {
    use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
    for scheme in [Scheme::EcdsaSecp256k1Sha256, Scheme::EcdsaSecp256k1Keccak256] {
        for (parity, y) in items(scheme) {
            let signature = Signature::from_slice(&parity.signature).unwrap();
            let id = RecoveryId::from_byte(parity.hint[0]).unwrap();
            let key = VerifyingKey::recover_from_prehash(&parity.input, &signature, id).unwrap();
            assert_eq!(key.to_sec1_point(false).as_bytes(), parity.key);
            assert_eq!(y.hint[31] & 1, parity.hint[0]);
        }
    }
}

#[test]
fn the_parity_recovers_the_key_on_p256() {
    use p256::ecdsa::{RecoveryId, Signature, VerifyingKey};
    for (parity, y) in items(Scheme::EcdsaP256Sha256) {
        let signature = Signature::from_slice(&parity.signature).unwrap();
        let id = RecoveryId::from_byte(parity.hint[0]).unwrap();
        let key = VerifyingKey::recover_from_prehash(&parity.input, &signature, id).unwrap();
        assert_eq!(key.to_sec1_point(false).as_bytes(), parity.key);
        assert_eq!(y.hint[31] & 1, parity.hint[0]);
    }
}

/// R = s*G + (r + s)*Q (GB/T 32918.2-2016, 7.1).
#[test]
fn y_is_that_of_sm2s_point() {
    let scalar = |bytes: &[u8]| sm2::Scalar::from_repr(<[u8; 32]>::try_from(bytes).unwrap().into()).unwrap();
    for (parity, y) in items(Scheme::Sm2Sm3) {
        let [r, s] = [scalar(&y.signature[..32]), scalar(&y.signature[32..])];
        let key = sm2::PublicKey::from_sec1_point(&sm2::Sec1Point::from_bytes(&y.key).unwrap()).unwrap();
        let point = (sm2::ProjectivePoint::GENERATOR * s + key.to_projective() * (r + s)).to_affine();
        assert_eq!(point.y().as_slice(), y.hint);
        assert_eq!(parity.hint, [y.hint[31] & 1]);
    }
}
