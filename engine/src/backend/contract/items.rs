//! Items of which the verdict is known from how they were made.
//!
//! Valid ones come from the equation read backwards, without a private key: for ECDSA any R, s and digest give a key for which they are a
//! signature; for SM2 over a digest any key, s and t give R, and from it the digest. SM2 over messages hashes the key, so it takes its valid items from
//! the known answers. Invalid ones are valid ones with one fault.

use rayon::prelude::*;

use crate::{
    backend::known_answers::{self, KnownAnswer},
    batch::{Encoding, Input, OwnedItem, Shape},
    curve::{Curve, Group, P256, Scalar, Secp256k1, Sm2, point::Affine, product::double_product_var},
    field::{
        Field,
        limbs::{self, Limbs},
    },
    hash::{Digest, Hash, sha256},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};

/// One item to recover, and its key or reason.
pub(super) struct RecoveryItem {
    pub input: Vec<u8>,
    pub signature: Vec<u8>,
    pub key: Result<[u8; 64], Reason>,
}

/// `length` bytes that depend on a label and a number, and on nothing else.
pub(super) fn bytes(label: &str, number: usize, length: usize) -> Vec<u8> {
    let block = |counter: usize| sha256(format!("chainbox contract {label} {number} {counter}").as_bytes());
    (0..length.div_ceil(32)).flat_map(block).take(length).collect()
}

fn scalar<C: Curve>(label: &str, number: usize) -> Scalar<C> {
    let digest: Digest = bytes(label, number, 32).try_into().expect("32 bytes");
    Scalar::<C>::from_limbs_reduced(&limbs::from_be_bytes(&digest))
}

/// A signature as integers, before it is written.
struct Parts<C: Curve> {
    q: Affine<C>,
    input: Vec<u8>,
    r: Limbs,
    s: Limbs,
}

/// `count` items of one shape: every second has a fault, each fault in its turn.
pub(super) fn mixed(shape: Shape, count: usize) -> Vec<KnownAnswer> {
    match shape.scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => mixed_on::<Secp256k1>(shape, count, ecdsa_parts),
        Scheme::EcdsaP256Sha256 => mixed_on::<P256>(shape, count, ecdsa_parts),
        Scheme::Sm2Sm3 if shape.input == Input::Digest => mixed_on::<Sm2>(shape, count, sm2_parts),
        Scheme::Sm2Sm3 => mixed_known_answers(shape, count),
    }
}

fn mixed_on<C: Curve>(shape: Shape, count: usize, parts: fn(Shape, usize) -> Parts<C>) -> Vec<KnownAnswer> {
    let faults: Vec<_> = Fault::ALL.into_iter().filter(|fault| fault.exists_in(shape)).collect();
    let make = |number: usize| {
        let mut parts = parts(shape, number);
        if shape.low_s && is_high::<C>(&parts.s) {
            // -s gives -R, which has the same x.
            parts.s = limbs::sub(&C::N, &parts.s).0;
        }
        if number % 2 == 1 {
            faults[number / 2 % faults.len()].apply(shape, &parts, number)
        } else {
            KnownAnswer { item: valid(shape, &parts, number), verdict: Verdict::Valid }
        }
    };
    (0..count).into_par_iter().map(make).collect()
}

fn is_high<C: Curve>(s: &Limbs) -> bool {
    limbs::less(&limbs::sub(&C::N, s).0, s)
}

/// The message or digest of item `number`, and its digest.
fn input(shape_input: Input, hash: Hash, number: usize) -> (Vec<u8>, Digest) {
    match shape_input {
        Input::Message => {
            let message = bytes("message", number, number * 7 % 300);
            let digest = hash.digest(&message);
            (message, digest)
        }
        Input::Digest => {
            let digest = bytes("digest", number, 32);
            (digest.clone(), digest.try_into().expect("32 bytes"))
        }
    }
}

/// R = k*G and s at will; then Q = (s*R - e*G)/r.
fn ecdsa_parts<C: Curve>(shape: Shape, number: usize) -> Parts<C> {
    let (input, digest) = input(shape.input, shape.scheme.hash(), number);
    let e = Scalar::<C>::from_limbs_reduced(&limbs::from_be_bytes(&digest));
    let (point, r, s) = point_and_scalars::<C>(number);
    let r_inverse = r.invert_var();
    let q = double_product_var(&r_inverse.mul(&e).neg().to_limbs(), &r_inverse.mul(&s).to_limbs(), &point).to_affine_var();
    Parts { q, input, r: r.to_limbs(), s: s.to_limbs() }
}

/// R = k*G, r = x(R) mod n, and some s.
fn point_and_scalars<C: Curve>(number: usize) -> (Affine<C>, Scalar<C>, Scalar<C>) {
    let point = double_product_var::<C>(&scalar::<C>("k", number).to_limbs(), &[0; 4], &C::G).to_affine_var();
    let r = Scalar::<C>::from_limbs_reduced(&point.x.to_limbs());
    (point, r, scalar::<C>("s", number))
}

/// Q, s and t at will; then R = s*G + t*Q, r = t - s, e = r - x(R).
fn sm2_parts(_: Shape, number: usize) -> Parts<Sm2> {
    let q = double_product_var::<Sm2>(&scalar::<Sm2>("q", number).to_limbs(), &[0; 4], &Sm2::G).to_affine_var();
    let (s, t) = (scalar::<Sm2>("s", number), scalar::<Sm2>("t", number));
    let point = double_product_var(&s.to_limbs(), &t.to_limbs(), &q).to_affine_var();
    let r = t.sub(&s);
    let e = r.sub(&Scalar::<Sm2>::from_limbs_reduced(&point.x.to_limbs()));
    Parts { q, input: limbs::to_be_bytes(&e.to_limbs()).to_vec(), r: r.to_limbs(), s: s.to_limbs() }
}

/// The known answers of a shape: a valid one at every even place, and at every odd one either an invalid one or a valid one with one more byte of message.
fn mixed_known_answers(shape: Shape, count: usize) -> Vec<KnownAnswer> {
    let of_shape = known_answers::all().iter().filter(|answer| answer.item.shape == shape);
    let (valid, invalid): (Vec<_>, Vec<_>) = of_shape.partition(|answer| answer.verdict.is_valid());
    let make = |number: usize| {
        let turn = number / 2;
        let is_changed = number % 2 == 1 && turn % 2 == 1;
        let answer = if number % 2 == 1 && !is_changed { invalid[turn / 2 % invalid.len()] } else { valid[turn % valid.len()] };
        let mut answer = answer.clone();
        if is_changed {
            answer.item.input.push(number as u8);
            answer.verdict = Verdict::Invalid(Reason::Equation);
        }
        answer
    };
    (0..count).map(make).collect()
}

fn valid<C: Curve>(shape: Shape, parts: &Parts<C>, number: usize) -> OwnedItem {
    OwnedItem {
        shape,
        key: if number % 4 == 1 { compressed(&parts.q) } else { uncompressed(&parts.q) },
        input: parts.input.clone(),
        signature: signature(shape.encoding, &parts.r, &parts.s),
        id: None,
        hint: Vec::new(),
    }
}

fn compressed<G: Group>(point: &Affine<G>) -> Vec<u8> {
    [&[2 + u8::from(point.y.is_odd())][..], &limbs::to_be_bytes(&point.x.to_limbs())].concat()
}

fn uncompressed<G: Group>(point: &Affine<G>) -> Vec<u8> {
    [&[4][..], &limbs::to_be_bytes(&point.x.to_limbs()), &limbs::to_be_bytes(&point.y.to_limbs())].concat()
}

fn signature(encoding: Encoding, r: &Limbs, s: &Limbs) -> Vec<u8> {
    let [r, s] = [r, s].map(limbs::to_be_bytes);
    match encoding {
        Encoding::Raw => [r, s].concat(),
        Encoding::Der => {
            let content = [der_integer(&r), der_integer(&s)].concat();
            [&[0x30, content.len() as u8][..], &content].concat()
        }
    }
}

fn der_integer(bytes: &[u8; 32]) -> Vec<u8> {
    let minimal = &bytes[bytes.iter().position(|&byte| byte != 0).unwrap_or(31)..];
    let sign: &[u8] = if minimal[0] > 0x7f { &[0] } else { &[] };
    [&[2, (sign.len() + minimal.len()) as u8], sign, minimal].concat()
}

/// One fault of an item, or two of which the first decides.
#[derive(Clone, Copy, Debug)]
enum Fault {
    SignatureTooShort,
    SignatureTooLong,
    RZero,
    ROrder,
    SZero,
    SOrder,
    KeyPrefix,
    KeyTooLong,
    KeyCoordinateNotReduced,
    KeyNotOnCurve,
    KeyIdentity,
    RPlusSZero,
    RIdentity,
    HighS,
    InputChanged,
    SChanged,
    KeyOfAnother,
    RZeroAndKeyIdentity,
    SOrderAndKeyNotOnCurve,
    KeyNotOnCurveAndRPlusSZero,
}

impl Fault {
    const ALL: [Self; 20] = [
        Self::SignatureTooShort,
        Self::SignatureTooLong,
        Self::RZero,
        Self::ROrder,
        Self::SZero,
        Self::SOrder,
        Self::KeyPrefix,
        Self::KeyTooLong,
        Self::KeyCoordinateNotReduced,
        Self::KeyNotOnCurve,
        Self::KeyIdentity,
        Self::RPlusSZero,
        Self::RIdentity,
        Self::HighS,
        Self::InputChanged,
        Self::SChanged,
        Self::KeyOfAnother,
        Self::RZeroAndKeyIdentity,
        Self::SOrderAndKeyNotOnCurve,
        Self::KeyNotOnCurveAndRPlusSZero,
    ];

    /// Whether an item of this shape can have the fault.
    fn exists_in(self, shape: Shape) -> bool {
        match self {
            Self::RPlusSZero | Self::KeyNotOnCurveAndRPlusSZero => shape.scheme == Scheme::Sm2Sm3,
            Self::HighS => shape.low_s,
            _ => true,
        }
    }

    /// The valid item of these parts with this fault.
    fn apply<C: Curve>(self, shape: Shape, parts: &Parts<C>, number: usize) -> KnownAnswer {
        let mut item = valid(shape, parts, number);
        let Parts { q, r, s, .. } = parts;
        let write = |r: &Limbs, s: &Limbs| signature(shape.encoding, r, s);
        let off_curve = || {
            let mut key = uncompressed(q);
            key[64] ^= 1;
            key
        };
        let opposite_of_r = limbs::sub(&C::N, r).0;
        let reason = match self {
            Self::SignatureTooShort => {
                item.signature.pop();
                Reason::Encoding
            }
            Self::SignatureTooLong => {
                item.signature.push(0);
                Reason::Encoding
            }
            Self::RZero => {
                item.signature = write(&[0; 4], s);
                Reason::ROutOfRange
            }
            Self::ROrder => {
                item.signature = write(&C::N, s);
                Reason::ROutOfRange
            }
            Self::SZero => {
                item.signature = write(r, &[0; 4]);
                Reason::SOutOfRange
            }
            Self::SOrder => {
                item.signature = write(r, &C::N);
                Reason::SOutOfRange
            }
            Self::KeyPrefix => {
                item.key[0] = 6;
                Reason::KeyMalformed
            }
            Self::KeyTooLong => {
                item.key.push(0);
                Reason::KeyMalformed
            }
            Self::KeyCoordinateNotReduced => {
                item.key[1..33].copy_from_slice(&limbs::to_be_bytes(&C::Base::MODULUS));
                Reason::KeyMalformed
            }
            Self::KeyNotOnCurve => {
                item.key = off_curve();
                Reason::KeyNotOnCurve
            }
            Self::KeyIdentity => {
                item.key = vec![0];
                Reason::KeyIsIdentity
            }
            Self::RPlusSZero => {
                item.signature = write(r, &opposite_of_r);
                Reason::RPlusSIsZero
            }
            Self::RIdentity => {
                // Under the key G: u1 + u2 = 0, which is e + r = 0 for ECDSA and 2s + r = 0 for SM2.
                let identity_r = match shape.scheme {
                    Scheme::Sm2Sm3 => limbs::sub_mod(&opposite(s, &C::N), s, &C::N),
                    _ => opposite(&digest_integer::<C>(shape, &item.input), &C::N),
                };
                item.key = uncompressed(&C::G);
                item.signature = write(&identity_r, s);
                Reason::RIsIdentity
            }
            Self::HighS => {
                item.signature = write(r, &limbs::sub(&C::N, s).0);
                Reason::LowSPolicy
            }
            Self::InputChanged => {
                match item.input.last_mut() {
                    Some(byte) => *byte ^= 1,
                    None => item.input.push(0),
                }
                Reason::Equation
            }
            Self::SChanged => {
                item.signature = write(r, &limbs::sub(s, &[1, 0, 0, 0]).0);
                Reason::Equation
            }
            Self::KeyOfAnother => {
                item.key = compressed(&q.neg());
                Reason::Equation
            }
            Self::RZeroAndKeyIdentity => {
                item.signature = write(&[0; 4], s);
                item.key = vec![0];
                Reason::ROutOfRange
            }
            Self::SOrderAndKeyNotOnCurve => {
                item.signature = write(r, &C::N);
                item.key = off_curve();
                Reason::SOutOfRange
            }
            Self::KeyNotOnCurveAndRPlusSZero => {
                item.signature = write(r, &opposite_of_r);
                item.key = off_curve();
                Reason::KeyNotOnCurve
            }
        };
        KnownAnswer { item, verdict: Verdict::Invalid(reason) }
    }
}

/// -a mod n, for a below n.
fn opposite(a: &Limbs, n: &Limbs) -> Limbs {
    limbs::sub_mod(&[0; 4], a, n)
}

/// e as an integer below n.
fn digest_integer<C: Curve>(shape: Shape, input: &[u8]) -> Limbs {
    let digest = match shape.input {
        Input::Message => shape.scheme.hash().digest(input),
        Input::Digest => input.try_into().expect("32 bytes"),
    };
    Scalar::<C>::from_limbs_reduced(&limbs::from_be_bytes(&digest)).to_limbs()
}

/// `count` items to recover: every third has a fault, each in its turn.
pub(super) fn recovery(input: Input, low_s: bool, count: usize) -> Vec<RecoveryItem> {
    (0..count)
        .into_par_iter()
        .map(|number| recovery_item(Shape { input, low_s, ..Shape::digests(Scheme::EcdsaSecp256k1Keccak256) }, number))
        .collect()
}

fn recovery_item(shape: Shape, number: usize) -> RecoveryItem {
    let Parts { q, input, r, s, .. } = ecdsa_parts::<Secp256k1>(shape, number);
    // The point again, for the parity of its y. x(R) >= n has no chance here: the recovery tests construct it.
    let (point, ..) = point_and_scalars::<Secp256k1>(number);
    let mut id = u8::from(point.y.is_odd());
    let key: [u8; 64] = uncompressed(&q)[1..].try_into().expect("64 bytes");
    let mut key = if shape.low_s && is_high::<Secp256k1>(&s) { Err(Reason::LowSPolicy) } else { Ok(key) };
    let mut rs = [limbs::to_be_bytes(&r), limbs::to_be_bytes(&s)].concat();
    if number % 3 == 2 {
        match number / 3 % 5 {
            0 => (rs, key) = (rs[1..].to_vec(), Err(Reason::Encoding)),
            1 => (id, key) = (4, Err(Reason::Encoding)),
            2 => (rs, key) = ([&[0; 32][..], &rs[32..]].concat(), Err(Reason::ROutOfRange)),
            3 => (rs, key) = ([&rs[..32], &limbs::to_be_bytes(&Secp256k1::N)].concat(), Err(Reason::SOutOfRange)),
            // r + n is above p for all but a share of 2^-128 of all r.
            _ => (id, key) = (id | 2, Err(Reason::NotRecoverable)),
        }
    }
    RecoveryItem { input, signature: [&rs[..], &[id]].concat(), key }
}
