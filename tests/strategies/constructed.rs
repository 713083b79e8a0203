//! Items over digests for chosen points R: those whose x is 0, small, or n and above, and those of keys that are G or -G.
//!
//! R = a·G + b·Q. ECDSA: r = x(R), s = r/b, e = a·s. SM2: s = a, r = b - a, e = r - x(R).

use chainbox_engine::{
    batch::{Encoding, OwnedItem, Shape},
    scheme::Scheme,
};
use chainbox_tests::{
    curve::{Bytes32, PeerCurve, add, lift, multiple, number, scalar, scalar_bytes, sec1, small, x},
    der,
    seed::Random,
};
use p256::elliptic_curve::{Group, ff::Field, ops::Invert};

use crate::mixture::Entry;

/// A valid item of this shape, but for the policy `low-s`.
pub fn entry(shape: Shape, random: &mut Random) -> Entry {
    match shape.scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => on::<k256::Secp256k1>(shape, random),
        Scheme::EcdsaP256Sha256 => on::<p256::NistP256>(shape, random),
        Scheme::Sm2Sm3 => on::<sm2::Sm2>(shape, random),
    }
}

fn on<C: PeerCurve>(shape: Shape, random: &mut Random) -> Entry {
    loop {
        let scalars = [(); 2].map(|()| scalar::<C>(&random.bytes32()));
        let a = if random.one_in(4) { small::<C>(0) } else { scalars[0] };
        let b = scalars[1];
        let points = if random.one_in(3) { of_generator::<C>(a, b, random) } else { of_x::<C>(a, b, random) };
        let entry = points.and_then(|[q, r_point]| written::<C>(shape, &q, &r_point, a, b));
        if let Some(entry) = entry {
            return entry;
        }
    }
}

/// Q = G or -G.
fn of_generator<C: PeerCurve>(a: C::Scalar, b: C::Scalar, random: &mut Random) -> Option<[C::ProjectivePoint; 2]> {
    let g = C::ProjectivePoint::generator();
    let q = if random.one_in(2) { g } else { -g };
    Some([q, multiple::<C>(&a) + q * b])
}

/// R by its x; then Q = (R - a·G)/b, where there is such an R.
fn of_x<C: PeerCurve>(a: C::Scalar, b: C::Scalar, random: &mut Random) -> Option<[C::ProjectivePoint; 2]> {
    let mut chosen = [0; 32];
    match random.below(3) {
        0 => {}
        1 => chosen = number(u8::try_from(random.below(64)).expect("below 64")),
        // All curves have p - n above 2^120.
        _ => {
            chosen[17..].copy_from_slice(&random.bytes(15));
            chosen = add(&C::N, &chosen).expect("below p");
        }
    }
    let r_point = lift::<C>(&chosen, random.one_in(2))?;
    Some([(r_point - multiple::<C>(&a)) * b.invert_vartime().into_option()?, r_point])
}

/// The item; none where the key or R is the identity, or where r or s is 0.
fn written<C: PeerCurve>(shape: Shape, q: &C::ProjectivePoint, r_point: &C::ProjectivePoint, a: C::Scalar, b: C::Scalar) -> Option<Entry> {
    if bool::from(q.is_identity() | r_point.is_identity()) {
        return None;
    }
    let full_x = x::<C>(r_point);
    let x = scalar::<C>(&full_x);
    let (r, s, e) = if shape.scheme == Scheme::Sm2Sm3 {
        (b - a, a, b - a - x)
    } else {
        let s = x * b.invert_vartime().into_option()?;
        (x, s, a * s)
    };
    if r.is_zero_vartime() || s.is_zero_vartime() {
        return None;
    }
    let y: Bytes32 = sec1::<C>(r_point)[33..].try_into().expect("the second half of 64 bytes");
    let raw = [scalar_bytes::<C>(&r), scalar_bytes::<C>(&s)].concat().try_into().expect("twice 32 bytes");
    let signature = match shape.encoding {
        Encoding::Raw => Vec::from(raw),
        Encoding::Der => der::from_raw(&raw),
    };
    let item = OwnedItem { shape, key: sec1::<C>(q), input: scalar_bytes::<C>(&e).to_vec(), signature, id: None, hint: Vec::new() };
    Some(Entry { item, y, parity: y[31] & 1 | u8::from(full_x >= C::N) << 1 })
}
