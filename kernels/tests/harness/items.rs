//! Items over digests for any key, valid and invalid: the equations read backwards, so that no private key is needed.

use chainbox_engine::{
    batch::{Batch, Item, Shape},
    curve::{Curve, P256, Scalar, Secp256k1, Sm2, point::Affine, product::double_product_var},
    field::{Field, limbs},
    scheme::Scheme,
    strategy::single,
    verdict::{Reason, Verdict},
};

use crate::values::{seeded, words};

fn scalar<C: Curve>(label: &str, number: usize) -> Scalar<C> {
    let words = words(&seeded(label, number));
    Scalar::<C>::from_limbs_reduced(&std::array::from_fn(|limb| u64::from(words[2 * limb]) | u64::from(words[2 * limb + 1]) << 32))
}

fn bytes_of(integer: &impl Field) -> [u8; 32] {
    limbs::to_be_bytes(&integer.to_limbs())
}

/// A digest and a signature.
pub type Signed = ([u8; 32], [u8; 64]);

/// The digest and the signature of item `number` under q. ECDSA: R = a G + b Q, r = x(R), s = r/b, e = a s. SM2: R = s G + t Q, r = t - s, e = r - x(R).
fn signed<C: Curve>(is_sm2: bool, q: &Affine<C>, number: usize) -> Signed {
    let (a, b) = (scalar::<C>("a", number), scalar::<C>("b", number));
    let point = double_product_var(&a.to_limbs(), &b.to_limbs(), q).to_affine_var();
    let x = Scalar::<C>::from_limbs_reduced(&point.x.to_limbs());
    let (r, s, e) = if is_sm2 {
        let r = b.sub(&a);
        (r, a, r.sub(&x))
    } else {
        let s = x.mul(&b.invert_var());
        (x, s, a.mul(&s))
    };
    let signature = [bytes_of(&r), bytes_of(&s)].concat().try_into().expect("64 bytes");
    (bytes_of(&e), signature)
}

fn key<C: Curve>(number: usize) -> Affine<C> {
    double_product_var::<C>(&scalar::<C>("key", number).to_limbs(), &[0; 4], &C::G).to_affine_var()
}

fn batch_on<C: Curve>(scheme: Scheme, first: usize, items: usize, keys: usize) -> (Batch, Vec<Verdict>) {
    let shape = Shape::digests(scheme);
    let (mut batch, mut expected) = (Batch::new(shape), Vec::new());
    let points: Vec<Affine<C>> = (0..keys).map(key).collect();
    for number in first..first + items {
        let q = &points[number * 7 % keys];
        let (mut digest, mut signature) = signed(scheme == Scheme::Sm2Sm3, q, number);
        let mut key = [&[4], &bytes_of(&q.x)[..], &bytes_of(&q.y)].concat();
        let verdict = match number % 8 {
            1 => {
                digest[number % 32] ^= 1;
                Verdict::Invalid(Reason::Equation)
            }
            3 => {
                signature[32 + number % 32] ^= 4;
                Verdict::Invalid(Reason::Equation)
            }
            5 => {
                key[64] ^= 1;
                Verdict::Invalid(Reason::KeyNotOnCurve)
            }
            _ => Verdict::Valid,
        };
        let item = Item { key: &key, input: &digest, signature: &signature, id: None, hint: &[] };
        assert_eq!(single::verify(&shape, &item), verdict, "item {number}");
        batch.push(item).expect("an item of the shape");
        expected.push(verdict);
    }
    (batch, expected)
}

/// Items `first` and the following of a scheme, by `keys` keys in turns, with their verdicts: five of eight are valid.
pub fn batch(scheme: Scheme, first: usize, items: usize, keys: usize) -> (Batch, Vec<Verdict>) {
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => batch_on::<Secp256k1>(scheme, first, items, keys),
        Scheme::EcdsaP256Sha256 => batch_on::<P256>(scheme, first, items, keys),
        Scheme::Sm2Sm3 => batch_on::<Sm2>(scheme, first, items, keys),
    }
}

fn of_one_key_on<C: Curve>(scheme: Scheme) -> ([u8; 65], Signed, Signed) {
    let q = key::<C>(0);
    let bytes = [&[4], &bytes_of(&q.x)[..], &bytes_of(&q.y)].concat().try_into().expect("65 bytes");
    let is_sm2 = scheme == Scheme::Sm2Sm3;
    (bytes, signed(is_sm2, &q, 0), signed(is_sm2, &C::G, 0))
}

/// A key, what is signed with it, and what is signed with the private key 1: a forgery wherever G is taken for the key.
pub fn of_one_key(scheme: Scheme) -> ([u8; 65], Signed, Signed) {
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => of_one_key_on::<Secp256k1>(scheme),
        Scheme::EcdsaP256Sha256 => of_one_key_on::<P256>(scheme),
        Scheme::Sm2Sm3 => of_one_key_on::<Sm2>(scheme),
    }
}
