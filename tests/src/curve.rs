//! The arithmetic with which items are made: RustCrypto's, never the engine's. Scalars and coordinates cross as 32 bytes, big-endian.

use p256::elliptic_curve::{
    Curve, CurveArithmetic, FieldBytes, PrimeField,
    consts::U32,
    group::{Curve as _, Group},
    ops::Reduce,
    point::AffineCoordinates,
    sec1::{FromSec1Point, ToSec1Point},
};

/// 32 bytes, big-endian.
pub type Bytes32 = [u8; 32];

/// A curve of 256 bits as RustCrypto has it.
pub trait PeerCurve: Curve<FieldBytesSize = U32> + CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>> {
    /// The field's p.
    const P: Bytes32;
    /// The group's order n.
    const N: Bytes32;
}

impl PeerCurve for k256::Secp256k1 {
    const P: Bytes32 = literal("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f");
    const N: Bytes32 = literal("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
}

impl PeerCurve for p256::NistP256 {
    const P: Bytes32 = literal("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    const N: Bytes32 = literal("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
}

impl PeerCurve for sm2::Sm2 {
    const P: Bytes32 = literal("fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff");
    const N: Bytes32 = literal("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");
}

/// The scalar that 32 bytes are modulo n.
pub fn scalar<C: PeerCurve>(bytes: &Bytes32) -> C::Scalar {
    <C::Scalar as Reduce<FieldBytes<C>>>::reduce(&(*bytes).into())
}

/// A small scalar.
pub fn small<C: PeerCurve>(value: u64) -> C::Scalar {
    C::Scalar::from(value)
}

/// The 32 bytes of a scalar, below n.
pub fn scalar_bytes<C: PeerCurve>(scalar: &C::Scalar) -> Bytes32 {
    scalar.to_repr().into()
}

/// d·G.
pub fn multiple<C: PeerCurve>(d: &C::Scalar) -> C::ProjectivePoint {
    C::ProjectivePoint::generator() * d
}

/// x of a point that is not the identity.
pub fn x<C: PeerCurve>(point: &C::ProjectivePoint) -> Bytes32 {
    point.to_affine().x().into()
}

/// SEC1, uncompressed: 65 bytes. The identity is the one byte 0.
pub fn sec1<C: PeerCurve>(point: &C::ProjectivePoint) -> Vec<u8> {
    point.to_affine().to_sec1_point(false).as_bytes().to_vec()
}

/// The point with this x and parity of y, or `None` where there is none.
pub fn lift<C: PeerCurve>(x: &Bytes32, is_odd: bool) -> Option<C::ProjectivePoint> {
    let compressed = [&[2 + u8::from(is_odd)], x.as_slice()].concat();
    C::AffinePoint::from_sec1_bytes(&compressed).ok().map(Into::into)
}

/// a + b, or `None` where it is 2^256 or more.
pub fn add(a: &Bytes32, b: &Bytes32) -> Option<Bytes32> {
    let mut sum = [0; 32];
    let mut carry = false;
    for index in (0..32).rev() {
        let (partial, first) = a[index].overflowing_add(b[index]);
        let (byte, second) = partial.overflowing_add(u8::from(carry));
        (sum[index], carry) = (byte, first || second);
    }
    (!carry).then_some(sum)
}

/// a - b modulo 2^256.
pub fn sub(a: &Bytes32, b: &Bytes32) -> Bytes32 {
    let mut difference = [0; 32];
    let mut borrow = false;
    for index in (0..32).rev() {
        let (partial, first) = a[index].overflowing_sub(b[index]);
        let (byte, second) = partial.overflowing_sub(u8::from(borrow));
        (difference[index], borrow) = (byte, first || second);
    }
    difference
}

/// The 32 bytes of a small number.
pub fn number(value: u8) -> Bytes32 {
    let mut bytes = [0; 32];
    bytes[31] = value;
    bytes
}

/// 32 bytes from 64 hex digits, at compile time.
const fn literal(hex: &str) -> Bytes32 {
    const fn nibble(digit: u8) -> u8 {
        match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => panic!("a lower-case hex digit"),
        }
    }
    let digits = hex.as_bytes();
    assert!(digits.len() == 64, "64 hex digits");
    let mut bytes = [0; 32];
    let mut index = 0;
    while index < 32 {
        bytes[index] = nibble(digits[2 * index]) << 4 | nibble(digits[2 * index + 1]);
        index += 1;
    }
    bytes
}

/// The literals are those of the curves: n is 1 more than the library's -1, and p is the least x that the library refuses to read.
#[test]
fn the_constants_are_the_curves_own() {
    fn check<C: PeerCurve>() {
        assert_eq!(scalar_bytes::<C>(&-small::<C>(1)), sub(&C::N, &number(1)));
        assert!((1..=255).any(|k| lift::<C>(&sub(&C::P, &number(k)), false).is_some()), "some x just below p is on the curve");
        assert!((0..=255).all(|k| add(&C::P, &number(k)).is_none_or(|x| lift::<C>(&x, false).is_none())), "no x from p on is read");
    }
    check::<k256::Secp256k1>();
    check::<p256::NistP256>();
    check::<sm2::Sm2>();
}
