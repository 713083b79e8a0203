//! Items over digests whose scalars are chosen first, and whose signature and digest follow from them.
//!
//! ECDSA: R = a·G + b·Q, r = x(R), s = r/b, e = a·r/b; then u1 = e/s = a and u2 = r/s = b.
//! SM2: R = s·G + t·Q, r = t - s, e = r - x(R). Here s is the a above, and t the b.

use chainbox_engine::{
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_tests::seed::Random;
use p256::elliptic_curve::{Group, ff::Field, ops::Invert};

use crate::{
    classes::Class,
    curve::{Bytes32, PeerCurve, add, lift, multiple, number, scalar, scalar_bytes, sec1, small, sub, x},
    items::{Draft, edge_scalar},
};

/// An item of a constructed class, and the verdict that its construction gives it.
pub fn draft<C: PeerCurve>(class: Class, scheme: Scheme, random: &mut Random) -> (Draft, Option<Verdict>) {
    loop {
        let choice = choose::<C>(class, random);
        // r or s of 0 says nothing about what the class is for: choose again.
        if let Some(draft) = solve::<C>(scheme, &choice) {
            return (draft, Some(choice.verdict));
        }
    }
}

/// What an item is constructed from.
struct Choice<C: PeerCurve> {
    q: C::ProjectivePoint,
    a: C::Scalar,
    b: C::Scalar,
    /// The x that the signature claims for R; any where R is the identity.
    claimed_x: Bytes32,
    verdict: Verdict,
}

fn choose<C: PeerCurve>(class: Class, random: &mut Random) -> Choice<C> {
    let (a, b) = (edge_or_random::<C>(random), nonzero::<C>(random));
    match class {
        Class::EdgeScalars => {
            let d = edge_or_random::<C>(random);
            let d = if d.is_zero_vartime() { small::<C>(1) } else { d };
            from_points::<C>(multiple::<C>(&d), a, b, random)
        }
        Class::MinusG => from_points::<C>(-C::ProjectivePoint::generator(), a, b, random),
        Class::EqualPoints | Class::OppositePoints => {
            let d = nonzero::<C>(random);
            // a·G and b·Q are the same point or opposite ones, up to a power of two that a ladder passes on its way.
            let shift = small::<C>(1 << random.below(8));
            let met = b * d * if random.one_in(2) { small::<C>(1) } else { shift };
            let a = if class == Class::EqualPoints { met } else { -met };
            from_points::<C>(multiple::<C>(&d), a, b, random)
        }
        Class::XAboveN | Class::SmallX | Class::WrappedX => from_x::<C>(class, a, b, random),
        _ => unreachable!("{class:?} is not constructed"),
    }
}

/// Q is given; R follows.
fn from_points<C: PeerCurve>(q: C::ProjectivePoint, a: C::Scalar, b: C::Scalar, random: &mut Random) -> Choice<C> {
    let r_point = multiple::<C>(&a) + q * b;
    if bool::from(r_point.is_identity()) {
        return Choice { q, a, b, claimed_x: random.bytes32(), verdict: Verdict::Invalid(Reason::RIsIdentity) };
    }
    Choice { q, a, b, claimed_x: x::<C>(&r_point), verdict: Verdict::Valid }
}

/// R is given by its x; Q follows as b^-1·(R - a·G), and nobody knows its private key.
fn from_x<C: PeerCurve>(class: Class, a: C::Scalar, b: C::Scalar, random: &mut Random) -> Choice<C> {
    loop {
        let mut small_number = [0; 32];
        match class {
            // All curves have p - n above 2^120.
            Class::XAboveN => small_number[17..].copy_from_slice(&random.bytes(15)),
            Class::SmallX => small_number = number(u8::try_from(random.below(64)).expect("below 256")),
            // Any x below 2n - p, which all of 248 bits are.
            _ => small_number[1..].copy_from_slice(&random.bytes(31)),
        }
        let (actual_x, claimed_x, verdict) = match class {
            Class::XAboveN => {
                let above = add(&C::N, &small_number).expect("below p");
                (above, above, Verdict::Valid)
            }
            Class::SmallX => (small_number, small_number, Verdict::Valid),
            // r + n is x + p: the same x for who compares r + n modulo p without asking whether it is below p.
            _ => {
                let wrapped = add(&small_number, &sub(&C::P, &C::N)).expect("below n");
                (small_number, wrapped, Verdict::Invalid(Reason::Equation))
            }
        };
        let Some(r_point) = lift::<C>(&actual_x, random.one_in(2)) else { continue };
        let q = (r_point - multiple::<C>(&a)) * b.invert_vartime().expect("b is not 0");
        if !bool::from(q.is_identity()) {
            return Choice { q, a, b, claimed_x, verdict };
        }
    }
}

/// The item, or `None` where r or s would be 0, or for SM2 t.
fn solve<C: PeerCurve>(scheme: Scheme, choice: &Choice<C>) -> Option<Draft> {
    let Choice { q, a, b, claimed_x, .. } = choice;
    let x = scalar::<C>(claimed_x);
    let (r, s, e) = if scheme == Scheme::Sm2Sm3 {
        let r = *b - a;
        (r, *a, r - x)
    } else {
        let s = x * b.invert_vartime().expect("b is not 0");
        (x, s, *a * s)
    };
    let in_range = !r.is_zero_vartime() && !s.is_zero_vartime();
    in_range.then(|| Draft {
        key: sec1::<C>(q),
        input: scalar_bytes::<C>(&e).to_vec(),
        id: Vec::new(),
        r: scalar_bytes::<C>(&r),
        s: scalar_bytes::<C>(&s),
    })
}

fn edge_or_random<C: PeerCurve>(random: &mut Random) -> C::Scalar {
    if random.one_in(3) { scalar::<C>(&random.bytes32()) } else { edge_scalar::<C>(random) }
}

fn nonzero<C: PeerCurve>(random: &mut Random) -> C::Scalar {
    loop {
        let scalar = edge_or_random::<C>(random);
        if !scalar.is_zero_vartime() {
            return scalar;
        }
    }
}
