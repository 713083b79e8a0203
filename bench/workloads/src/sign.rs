//! Keys, digests and signatures, on the arithmetic of the RustCrypto crates.

use chainbox_engine::{batch::Input, hash::Digest, scheme::Scheme};
use k256::elliptic_curve::{
    CurveArithmetic, FieldBytes, Group,
    bigint::U256,
    consts::U32,
    ff::{Field, PrimeField},
    group::Curve as _,
    ops::{Invert, Reduce},
    point::{AffineCoordinates, AffinePoint, DecompressPoint},
    scalar::IsHigh,
};
use rand_chacha::rand_core::Rng;
use sha2::{Digest as _, Sha256};
use sha3::Keccak256;
use sm3::Sm3;

use crate::{
    Spec,
    stream::{Stream, Use, stream},
};

/// A curve of 256 bits: secp256k1, P-256 or sm2p256v1.
pub(crate) trait Curve256: CurveArithmetic<FieldBytesSize = U32, Uint = U256, AffinePoint: DecompressPoint<Self>> {}

impl Curve256 for k256::Secp256k1 {}
impl Curve256 for p256::NistP256 {}
impl Curve256 for sm2::Sm2 {}

/// A signer: d and Q = d*G.
pub(crate) struct Signer<C: Curve256> {
    pub(crate) secret: C::Scalar,
    pub(crate) x: [u8; 32],
    pub(crate) y: [u8; 32],
}

impl<C: Curve256> Signer<C> {
    /// The signer of this number under the workload's seed.
    pub(crate) fn new(spec: &Spec, number: u64) -> Self {
        let secret = random_scalar::<C>(&mut stream(spec.seed, spec.scheme, Use::Signer, number));
        let public = C::ProjectivePoint::mul_by_generator(&secret).to_affine();
        Self { secret, x: public.x().into(), y: public.y().into() }
    }

    /// The e that this signer signs: of a message as the scheme says, or the given digest itself.
    pub(crate) fn digest(&self, spec: &Spec, input: &[u8]) -> Digest {
        match (spec.input, spec.scheme) {
            (Input::Digest, _) => input.try_into().expect("a digest of 32 bytes"),
            (Input::Message, Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaP256Sha256) => Sha256::digest(input).into(),
            (Input::Message, Scheme::EcdsaSecp256k1Keccak256) => Keccak256::digest(input).into(),
            (Input::Message, Scheme::Sm2Sm3) => {
                Sm3::new().chain_update(z_a(&spec.id, &self.x, &self.y)).chain_update(input).finalize().into()
            }
        }
    }
}

/// A signature, and the point R that whoever verifies it finds.
pub(crate) struct Signature<C: Curve256> {
    pub(crate) r: C::Scalar,
    pub(crate) s: C::Scalar,
    pub(crate) nonce_point: AffinePoint<C>,
}

impl<C: Curve256> Signature<C> {
    /// Signs e with nonces from the stream until one gives a signature; the first does, but for a chance of some 2^-250.
    pub(crate) fn new(spec: &Spec, signer: &Signer<C>, e: C::Scalar, stream: &mut Stream) -> Self {
        let sign = if spec.scheme == Scheme::Sm2Sm3 { sm2::<C> } else { ecdsa::<C> };
        let signature = loop {
            if let Some(signature) = sign(signer.secret, e, random_scalar::<C>(stream)) {
                break signature;
            }
        };
        let lowers_s = spec.low_s || matches!(spec.scheme, Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256);
        if lowers_s && bool::from(signature.s.is_high()) { signature.twin() } else { signature }
    }

    /// (r, n - s), which is an ECDSA signature where (r, s) is one: R becomes -R.
    pub(crate) fn twin(self) -> Self {
        let opposite = -C::ProjectivePoint::from(self.nonce_point);
        Self { s: -self.s, nonce_point: opposite.to_affine(), ..self }
    }
}

/// ECDSA (FIPS 186-5, 6.4.1): r = x(kG), s = (e + r*d)/k.
fn ecdsa<C: Curve256>(d: C::Scalar, e: C::Scalar, k: C::Scalar) -> Option<Signature<C>> {
    let nonce_point = C::ProjectivePoint::mul_by_generator(&k).to_affine();
    let r = C::Scalar::reduce(&nonce_point.x());
    let s = Field::invert(&k).into_option()? * (e + r * d);
    (!r.is_zero_vartime() && !s.is_zero_vartime()).then_some(Signature { r, s, nonce_point })
}

/// SM2 (GB/T 32918.2-2016, 6.1): r = e + x(kG), s = (k - r*d)/(1 + d).
fn sm2<C: Curve256>(d: C::Scalar, e: C::Scalar, k: C::Scalar) -> Option<Signature<C>> {
    let nonce_point = C::ProjectivePoint::mul_by_generator(&k).to_affine();
    let r = e + C::Scalar::reduce(&nonce_point.x());
    let s = Invert::invert(&(C::Scalar::ONE + d)).into_option()? * (k - r * d);
    (!r.is_zero_vartime() && !s.is_zero_vartime() && r + k != C::Scalar::ZERO).then_some(Signature { r, s, nonce_point })
}

/// Z_A = SM3(ENTL_A || ID_A || a || b || x_G || y_G || x_A || y_A) (GB/T 32918.2-2016, 5.5).
pub(crate) fn z_a(id: &[u8], x: &[u8; 32], y: &[u8; 32]) -> Digest {
    const A: [u64; 4] = [0xffff_fffe_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_fffc];
    const B: [u64; 4] = [0x28e9_fa9e_9d9f_5e34, 0x4d5a_9e4b_cf65_09a7, 0xf397_89f5_15ab_8f92, 0xddbc_bd41_4d94_0e93];
    let generator = sm2::AffinePoint::GENERATOR;
    let bits = u16::try_from(id.len() * 8).expect("an id of at most 8,191 bytes");
    let mut hash = Sm3::new().chain_update(bits.to_be_bytes()).chain_update(id);
    for word in A.into_iter().chain(B) {
        hash.update(word.to_be_bytes());
    }
    hash.chain_update(generator.x()).chain_update(generator.y()).chain_update(x).chain_update(y).finalize().into()
}

/// A scalar in [1, n - 2], the range of SM2's secret keys; no harm to the others.
pub(crate) fn random_scalar<C: Curve256>(stream: &mut Stream) -> C::Scalar {
    loop {
        let mut bytes = FieldBytes::<C>::default();
        stream.fill_bytes(&mut bytes);
        let scalar = C::Scalar::from_repr(bytes).into_option();
        if let Some(scalar) = scalar.filter(|scalar| !scalar.is_zero_vartime() && *scalar != -C::Scalar::ONE) {
            return scalar;
        }
    }
}
