//! Keys and signatures in rows, on the arithmetic of the RustCrypto crates.

use std::ops::Range;

use chainbox_engine::transaction::native::{Address, Suite};
use k256::elliptic_curve::{
    FieldBytes, Group,
    ff::{Field, PrimeField},
    group::Curve as _,
    ops::Reduce,
    point::AffineCoordinates,
    scalar::IsHigh,
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use sha2::Sha256;
use sha3::Keccak256;
use sm3::Sm3;

use crate::{
    SM2_DEFAULT_ID,
    sign::{Curve256, z_a},
};

/// A key of load: its number tells its secret.
pub struct Key {
    /// Its number under the seed.
    number: u64,
    /// SEC1, uncompressed.
    pub public: [u8; 65],
    /// Its account.
    pub address: Address,
    /// SM2: Z_A.
    z_a: [u8; 32],
}

/// The keys of a seed.
#[derive(Clone, Copy)]
pub struct Keys {
    suite: Suite,
    seed: u64,
}

impl Keys {
    pub const fn new(suite: Suite, seed: u64) -> Self {
        Self { suite, seed }
    }

    /// The keys of some numbers.
    pub fn range(self, numbers: Range<u64>) -> Vec<Key> {
        match self.suite {
            Suite::Secp256k1 => self.of::<k256::Secp256k1>(numbers),
            Suite::P256 => self.of::<p256::NistP256>(numbers),
            Suite::Sm => self.of::<sm2::Sm2>(numbers),
        }
    }

    fn of<C: Curve256>(self, numbers: Range<u64>) -> Vec<Key> {
        let secret = first_secret::<C>(self.seed) + C::Scalar::from(numbers.start);
        let points = row::<C>(secret, (numbers.end - numbers.start) as usize);
        let keys = numbers.zip(points).map(|(number, point)| {
            let (x, y): ([u8; 32], [u8; 32]) = (point.x().into(), point.y().into());
            let mut public = [4; 65];
            public[1..33].copy_from_slice(&x);
            public[33..].copy_from_slice(&y);
            let mut address = [0; 20];
            address.copy_from_slice(&hash(self.suite, &[&public[1..]])[12..]);
            let z_a = if self.suite == Suite::Sm { z_a(SM2_DEFAULT_ID, &x, &y) } else { [0; 32] };
            Key { number, public, address, z_a }
        });
        keys.collect()
    }
}

/// The digest of a message in parts, by the suite's hash.
pub fn hash(suite: Suite, parts: &[&[u8]]) -> [u8; 32] {
    fn by<D: sha2::Digest<OutputSize = k256::elliptic_curve::consts::U32>>(parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = D::new();
        parts.iter().for_each(|part| hash.update(part));
        hash.finalize().into()
    }
    match suite {
        Suite::Secp256k1 => by::<Keccak256>(parts),
        Suite::P256 => by::<Sha256>(parts),
        Suite::Sm => by::<Sm3>(parts),
    }
}

/// The signatures of messages, each by its key. `first` is the number of the first one, which no other call has with this seed.
pub fn sign_all(suite: Suite, seed: u64, first: u64, keys: &[&Key], messages: &[Vec<u8>]) -> Vec<[u8; 64]> {
    match suite {
        Suite::Secp256k1 => of::<k256::Secp256k1>(suite, seed, first, keys, messages),
        Suite::P256 => of::<p256::NistP256>(suite, seed, first, keys, messages),
        Suite::Sm => of::<sm2::Sm2>(suite, seed, first, keys, messages),
    }
}

fn of<C: Curve256>(suite: Suite, seed: u64, first: u64, keys: &[&Key], messages: &[Vec<u8>]) -> Vec<[u8; 64]> {
    let k = random::<C>(seed, 1) + C::Scalar::from(first);
    let points = row::<C>(k, messages.len());
    let d = |key: &Key| first_secret::<C>(seed) + C::Scalar::from(key.number);
    let nonces: Vec<C::Scalar> = (0..messages.len()).map(|index| k + C::Scalar::from(index as u64)).collect();
    // SM2 divides by 1 + d, ECDSA by k.
    let mut inverses: Vec<C::Scalar> = match suite {
        Suite::Sm => keys.iter().map(|key| C::Scalar::ONE + d(key)).collect(),
        _ => nonces.clone(),
    };
    invert_all(&mut inverses);
    let rows = keys.iter().zip(messages).zip(points.iter().zip(&nonces).zip(&inverses));
    rows.map(|((key, message), ((point, k), inverse))| {
        let x = C::Scalar::reduce(&point.x());
        let (r, s) = match suite {
            Suite::Sm => {
                let e = scalar::<C>(hash(suite, &[&key.z_a, message]));
                let r = e + x;
                (r, *inverse * (*k - r * d(key)))
            }
            _ => {
                let e = scalar::<C>(hash(suite, &[message]));
                let s = *inverse * (e + x * d(key));
                (x, if bool::from(s.is_high()) { -s } else { s })
            }
        };
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&r.to_repr());
        signature[32..].copy_from_slice(&s.to_repr());
        signature
    })
    .collect()
}

/// The points (first + i) G.
fn row<C: Curve256>(first: C::Scalar, count: usize) -> Vec<C::AffinePoint> {
    let generator = C::ProjectivePoint::generator();
    let mut point = C::ProjectivePoint::mul_by_generator(&first);
    let mut points = Vec::with_capacity(count);
    for _ in 0..count {
        points.push(point);
        point += generator;
    }
    let mut affine = vec![C::AffinePoint::default(); count];
    C::ProjectivePoint::batch_normalize(&points, &mut affine);
    affine
}

/// Montgomery's trick: all inverses for one. None of them is zero.
fn invert_all<F: Field>(elements: &mut [F]) {
    let mut products = Vec::with_capacity(elements.len());
    let mut product = F::ONE;
    for element in &*elements {
        products.push(product);
        product *= *element;
    }
    let mut inverse = product.invert().expect("none of them is zero");
    for (element, before) in elements.iter_mut().zip(products).rev() {
        let next = inverse * *element;
        *element = inverse * before;
        inverse = next;
    }
}

fn first_secret<C: Curve256>(seed: u64) -> C::Scalar {
    random::<C>(seed, 0)
}

/// A number of 192 bits: what is counted up from it wraps around at no order.
fn random<C: Curve256>(seed: u64, stream: u64) -> C::Scalar {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    let mut bytes = [0; 32];
    random.fill_bytes(&mut bytes[8..]);
    scalar::<C>(bytes)
}

fn scalar<C: Curve256>(bytes: [u8; 32]) -> C::Scalar {
    C::Scalar::reduce(&FieldBytes::<C>::from(bytes))
}
