//! From a spec to items.

use std::{marker::PhantomData, ops::Range, sync::OnceLock};

use chainbox_engine::{
    batch::{Input, OwnedItem},
    scheme::Scheme,
};
use k256::elliptic_curve::{
    FieldBytes,
    ff::{Field, PrimeField},
    ops::{Invert, Reduce},
    point::{AffineCoordinates, AffinePoint, DecompressPoint},
};
use rand_chacha::rand_core::Rng;
use rayon::prelude::*;

use crate::{
    Hints, Kind, SignedItem, Spec, SpecError, encoding,
    permutation::Permutation,
    sign::{Curve256, Signature, Signer},
    stream::{Stream, Use, bytes, choose, stream},
};

/// The most signers that a workload remembers; the others' keys are made anew for each item.
const SIGNERS_KEPT_MAX: u64 = 65_536;

/// The items that a [`Spec`] describes.
pub struct Workload {
    spec: Spec,
    places: Permutation,
    maker: Box<dyn Maker>,
}

impl Workload {
    /// The items that `spec` describes. They are made when they are asked for.
    ///
    /// # Errors
    /// [`SpecError`] where the spec describes none.
    pub fn new(spec: Spec) -> Result<Self, SpecError> {
        spec.check()?;
        let maker: Box<dyn Maker> = match spec.scheme {
            Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => Box::new(Signers::<k256::Secp256k1>::new(&spec)),
            Scheme::EcdsaP256Sha256 => Box::new(Signers::<p256::NistP256>::new(&spec)),
            Scheme::Sm2Sm3 => Box::new(Signers::<sm2::Sm2>::new(&spec)),
        };
        let places = Permutation::new(spec.items, &mut stream(spec.seed, spec.scheme, Use::Places, 0));
        Ok(Self { spec, places, maker })
    }

    /// What the workload is made of.
    #[must_use]
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Item `index`.
    ///
    /// # Panics
    /// Where `index` is not below the number of items.
    #[must_use]
    pub fn item(&self, index: u64) -> SignedItem {
        self.maker.make(&self.spec, index, self.kind(index))
    }

    /// The items of a range, in order, made by all threads of the current rayon pool.
    ///
    /// # Panics
    /// Where the range ends beyond the number of items.
    #[must_use]
    pub fn items(&self, range: Range<u64>) -> Vec<SignedItem> {
        range.into_par_iter().map(|index| self.item(index)).collect()
    }

    /// What is wrong with item `index`: the permutation puts the invalid ones first and deals the kinds among them in turn.
    fn kind(&self, index: u64) -> Option<Kind> {
        let place = self.places.at(index);
        let kinds = &self.spec.invalid_kinds;
        (place < self.spec.invalid_items()).then(|| kinds[(place % kinds.len() as u64) as usize])
    }
}

/// Makes items on one curve.
trait Maker: Send + Sync {
    fn make(&self, spec: &Spec, index: u64, kind: Option<Kind>) -> SignedItem;
}

/// The signers of a workload; the first ones are remembered where they sign more than once.
struct Signers<C: Curve256>(Vec<OnceLock<Signer<C>>>);

impl<C: Curve256> Signers<C> {
    fn new(spec: &Spec) -> Self {
        let kept = if spec.signers < spec.items { spec.signers.min(SIGNERS_KEPT_MAX) } else { 0 };
        Self((0..kept).map(|_| OnceLock::new()).collect())
    }

    /// Hands signer `number` to `work`.
    fn with<T>(&self, spec: &Spec, number: u64, work: impl FnOnce(&Signer<C>) -> T) -> T {
        match self.0.get(number as usize) {
            Some(slot) => work(slot.get_or_init(|| Signer::new(spec, number))),
            None => work(&Signer::new(spec, number)),
        }
    }
}

impl<C: Curve256> Maker for Signers<C> {
    fn make(&self, spec: &Spec, index: u64, kind: Option<Kind>) -> SignedItem {
        let number = index % spec.signers;
        // A single signer's other is one that signs nothing.
        let other = (number + 1) % spec.signers.max(2);
        let mut stream = stream(spec.seed, spec.scheme, Use::Item, index);
        let draft = self.with(spec, number, |signer| Draft::new(spec, signer, kind, &mut stream));
        let key = match kind {
            Some(Kind::WrongKey) => self.with(spec, other, |signer| encoding::key(spec.compressed, &signer.x, &signer.y)),
            _ => draft.key(spec, kind, &mut stream),
        };
        let signature = match kind {
            Some(Kind::BadEncoding) => encoding::bad_signature(spec.encoding, &draft.r, &draft.s, &mut stream),
            _ => encoding::signature(spec.encoding, &draft.r, &draft.s),
        };
        let id = spec.shape().has_id().then(|| spec.id.clone());
        let item = OwnedItem { shape: spec.shape(), key, input: draft.input, signature, id, hint: draft.hint };
        SignedItem { item, kind }
    }
}

/// An item before its key and signature are written.
struct Draft<C> {
    key: [[u8; 32]; 2],
    input: Vec<u8>,
    r: [u8; 32],
    s: [u8; 32],
    hint: Vec<u8>,
    curve: PhantomData<C>,
}

impl<C: Curve256> Draft<C> {
    /// Signs a message from the stream and makes the numbers or the message wrong, where that is the kind.
    fn new(spec: &Spec, signer: &Signer<C>, kind: Option<Kind>, stream: &mut Stream) -> Self {
        let mut input = bytes(stream, if spec.input == Input::Digest { 32 } else { spec.message_bytes });
        let e = C::Scalar::reduce(&FieldBytes::<C>::from(signer.digest(spec, &input)));
        let signature = Signature::<C>::new(spec, signer, e, stream);
        let hint = hint(spec, e, &signature);
        if kind == Some(Kind::WrongMessage) {
            flip_bit_or_grow(&mut input, stream);
        }
        let [r, s] = numbers(spec, signer, e, signature, kind, stream);
        Self { key: [signer.x, signer.y], input, r, s, hint, curve: PhantomData }
    }

    fn key(&self, spec: &Spec, kind: Option<Kind>, stream: &mut Stream) -> Vec<u8> {
        let [x, y] = &self.key;
        match kind {
            Some(Kind::BadKey) => encoding::bad_key(spec.compressed, x, y, stream),
            Some(Kind::OffCurve) if spec.compressed => encoding::key(true, &x_without_y::<C>(*x), y),
            Some(Kind::OffCurve) => {
                let mut other = *y;
                // Not y, and not p - y, whose parity is the other one.
                other[31] ^= 2;
                encoding::key(false, x, &other)
            }
            Some(Kind::Identity) => vec![0],
            _ => encoding::key(spec.compressed, x, y),
        }
    }
}

/// What the item claims to know of R.
fn hint<C: Curve256>(spec: &Spec, e: C::Scalar, signature: &Signature<C>) -> Vec<u8> {
    let point = &signature.nonce_point;
    match spec.hints {
        Hints::None => Vec::new(),
        Hints::Y => point.y().to_vec(),
        Hints::Parity => {
            let x_mod_n = if spec.scheme == Scheme::Sm2Sm3 { signature.r - e } else { signature.r };
            let reduced = x_mod_n.to_repr() != point.x();
            vec![u8::from(bool::from(point.y_is_odd())) | u8::from(reduced) << 1]
        }
    }
}

/// r and s, right or wrong.
fn numbers<C: Curve256>(
    spec: &Spec,
    signer: &Signer<C>,
    e: C::Scalar,
    signature: Signature<C>,
    kind: Option<Kind>,
    stream: &mut Stream,
) -> [[u8; 32]; 2] {
    let Signature { r, s, .. } = signature;
    let scalars = |r: C::Scalar, s: C::Scalar| [r.to_repr().into(), s.to_repr().into()];
    let [r_bytes, s_bytes] = scalars(r, s);
    match kind {
        Some(Kind::RZero) => [[0; 32], s_bytes],
        Some(Kind::SZero) => [r_bytes, [0; 32]],
        Some(Kind::RTooLarge) => [too_large::<C>(stream), s_bytes],
        Some(Kind::STooLarge) => [r_bytes, too_large::<C>(stream)],
        Some(Kind::RPlusSZero) => scalars(r, -r),
        Some(Kind::HighS) => scalars(r, -s),
        Some(Kind::RIdentity) => {
            let (r, s) = identity_numbers(spec.scheme, signer.secret, e, r, s);
            scalars(r, s)
        }
        Some(Kind::FlippedBit) => {
            // In the low half, so that s stays in range and, under low-s, low.
            let mut flipped = s_bytes;
            flipped[31 - choose(stream, 16)] ^= 1 << choose(stream, 8);
            [r_bytes, flipped]
        }
        _ => [r_bytes, s_bytes],
    }
}

/// r and s in range for which u1*G + u2*Q = (u1 + u2*d)*G is the point at infinity: only whoever knows d can find them.
/// ECDSA: e/s + r*d/s = 0 for r = -e/d and any s. SM2: s + (r + s)*d = 0 for s = -r*d/(1 + d) and any r.
fn identity_numbers<F: PrimeField + Invert>(scheme: Scheme, d: F, e: F, r: F, s: F) -> (F, F) {
    let inverse = |value: F| Field::invert(&value).into_option().expect("d is from 1 to n - 2");
    if scheme == Scheme::Sm2Sm3 { (r, -r * d * inverse(F::ONE + d)) } else { (-e * inverse(d), s) }
}

/// n, or 2^256 - 1.
fn too_large<C: Curve256>(stream: &mut Stream) -> [u8; 32] {
    if choose(stream, 2) == 0 { C::ORDER.to_be_bytes().into() } else { [0xff; 32] }
}

/// The first x from this one on for which no y satisfies the curve's equation.
fn x_without_y<C: Curve256>(mut x: [u8; 32]) -> [u8; 32] {
    loop {
        if AffinePoint::<C>::decompress(&x.into(), 0.into()).is_none().into() {
            return x;
        }
        // The last byte alone has 256 candidates, each of which fails with a chance of one half.
        x[31] = x[31].wrapping_add(1);
    }
}

/// Another message: one bit differs, or, where there is none, a byte is there.
fn flip_bit_or_grow(message: &mut Vec<u8>, stream: &mut Stream) {
    let bit = stream.next_u64();
    let len = message.len().max(1);
    message.resize(len, 0);
    message[(bit >> 3) as usize % len] ^= 1 << (bit & 7);
}
