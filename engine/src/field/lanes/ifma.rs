//! Eight elements side by side: limbs of 52 bits, products by AVX-512 IFMA.
//!
//! An element is five limbs l_i, worth the sum of l_i * 2^(52 i). Every function takes and gives limbs below 2^52 and a value below 2^257, not
//! the least one; debug builds check it. Only [`Ifma::canonical`] goes below the modulus.

use std::marker::PhantomData;

use super::{Form, Lanes, LanesSum, Mask, Packed, PackedPoint, portable::FourLimbs};
use crate::{
    field::{
        Field,
        limbs::Limbs,
        moduli::{P256Prime, Sm2Prime},
        montgomery::{Modulus, Montgomery, shift_mod},
        secp256k1::Secp256k1Base,
    },
    simd::avx512::{Avx512, U64x8},
};

const BITS: u32 = 52;
const LIMB: u64 = (1 << BITS) - 1;
/// Bits of the highest limb below 2^256.
const TOP_BITS: u32 = 256 - 4 * BITS;

/// Five limbs, of each of eight elements.
type Limbs52 = [U64x8; 5];
/// The ten limbs of a product, each a sum of at most ten 52-bit halves.
type Wide52 = [U64x8; 10];

/// A prime between 2^255 and 2^256, and how products are reduced modulo it.
pub trait Prime52: Copy + Send + Sync + 'static {
    /// The field.
    type Field: FourLimbs;
    /// What an element a is kept as: a * FACTOR mod p.
    const FACTOR: Limbs;
    /// The factor that turns the packed inverse of a packed element into the element's inverse, packed.
    const INVERSE_FACTOR: Option<Limbs>;

    /// wide / FACTOR modulo p: limbs that are not carried, below 2^62 in size, of a value from 0 to 2^257. The operands are below 2^257.
    fn reduce(wide: Wide52) -> Limbs52;

    /// Adds top * (2^256 - p) to limbs of a value below p + 2^256, for a top below 2^12: the limbs may become negative, the value does not.
    fn fold(limbs: Limbs52, top: U64x8) -> Limbs52;
}

/// Eight elements of the field of `P`.
#[derive(Clone, Copy, Debug)]
pub struct Ifma<P>(Limbs52, PhantomData<P>);

/// A sum of elements whose limbs are not carried.
#[derive(Clone, Copy, Debug)]
pub struct IfmaSum<P>(Limbs52, PhantomData<P>);

/// An integer below 2^256 as limbs of 52 bits.
const fn split(integer: &Limbs) -> [u64; 5] {
    let [a, b, c, d] = *integer;
    [a & LIMB, (a >> 52 | b << 12) & LIMB, (b >> 40 | c << 24) & LIMB, (c >> 28 | d << 36) & LIMB, d >> 16]
}

/// 4p as limbs of which each is at least as large as the same limb of any element, so that a difference has no negative limb.
const fn minuend(p: &Limbs) -> [u64; 5] {
    let mut limbs = split(p);
    let mut i = 0;
    while i < 5 {
        limbs[i] *= 4;
        if i < 4 {
            limbs[i] += 1 << (BITS + 1);
        }
        if i > 0 {
            limbs[i] -= 2;
        }
        i += 1;
    }
    limbs
}

#[inline(always)]
fn constant(avx512: Avx512, limbs: &[u64; 5]) -> Limbs52 {
    limbs.map(|limb| U64x8::splat(avx512, limb))
}

/// Carries signed limbs upwards: all but the highest end below 2^52.
#[inline(always)]
fn carry(mut limbs: Limbs52) -> Limbs52 {
    let mask = U64x8::splat(limbs[0].token(), LIMB);
    for i in 0..4 {
        limbs[i + 1] = limbs[i + 1] + limbs[i].shr_signed::<BITS>();
        limbs[i] = limbs[i].and(mask);
    }
    limbs
}

/// The limbs of four-limb integers.
#[inline(always)]
fn unpack([a, b, c, d]: [U64x8; 4]) -> Limbs52 {
    let mask = U64x8::splat(a.token(), LIMB);
    [
        a.and(mask),
        a.shr::<52>().or(b.shl::<12>()).and(mask),
        b.shr::<40>().or(c.shl::<24>()).and(mask),
        c.shr::<28>().or(d.shl::<36>()).and(mask),
        d.shr::<16>(),
    ]
}

/// Four limbs, of a canonical value.
#[inline(always)]
fn pack([a, b, c, d, e]: Limbs52) -> [U64x8; 4] {
    [a.or(b.shl::<52>()), b.shr::<12>().or(c.shl::<40>()), c.shr::<24>().or(d.shl::<28>()), d.shr::<36>().or(e.shl::<16>())]
}

/// Adds the low half of a*b to place `at`, and the high half to the next.
#[inline(always)]
fn mac(acc: &mut [U64x8], at: usize, a: U64x8, b: U64x8) {
    acc[at] = acc[at].madd_low(a, b);
    acc[at + 1] = acc[at + 1].madd_high(a, b);
}

impl<P: Prime52> Ifma<P> {
    const P: Limbs = P::Field::MODULUS;

    #[inline(always)]
    fn checked(limbs: Limbs52) -> Self {
        #[cfg(debug_assertions)]
        for (i, limb) in limbs.iter().enumerate() {
            let bits = if i < 4 { BITS } else { TOP_BITS + 1 };
            assert!(limb.to_array().iter().all(|limb| limb >> bits == 0), "limb {i} has more than {bits} bits");
        }
        Self(limbs, PhantomData)
    }

    #[inline(always)]
    fn token(self) -> Avx512 {
        self.0[0].token()
    }

    /// The limbs of the least value.
    #[inline(always)]
    fn canonical(self) -> Limbs52 {
        let token = self.token();
        let mut limbs = self.0;
        let top = limbs[4].shr::<TOP_BITS>();
        limbs[4] = limbs[4].and(U64x8::splat(token, (1 << TOP_BITS) - 1));
        // Below 2^256 + (2^256 - p), so one subtraction of p is enough.
        let limbs = carry(P::fold(limbs, top));
        let p = constant(token, &split(&Self::P));
        let less = carry(std::array::from_fn(|i| limbs[i] - p[i]));
        let negative = less[4].is_negative();
        std::array::from_fn(|i| less[i].blend(negative, limbs[i]))
    }

    /// From rows of four limbs to lanes.
    #[inline(always)]
    fn from_rows(token: Avx512, row: impl Fn(usize) -> Limbs) -> Self {
        // A plain loop: a closure for all lanes would not be inlined, nor compiled for these instructions.
        let mut rows = [U64x8::zero(token); 8];
        for (lane, slot) in rows.iter_mut().enumerate() {
            let [a, b, c, d] = row(lane);
            *slot = U64x8::load(token, &[a, b, c, d, 0, 0, 0, 0]);
        }
        let [a, b, c, d, ..] = U64x8::transpose(rows);
        Self::checked(unpack([a, b, c, d]))
    }

    /// From lanes to rows of four limbs.
    #[inline(always)]
    fn to_rows(limbs: Limbs52, mut put: impl FnMut(usize, Limbs)) {
        let [a, b, c, d] = pack(limbs);
        let zero = U64x8::zero(a.token());
        for (lane, row) in U64x8::transpose([a, b, c, d, zero, zero, zero, zero]).into_iter().enumerate() {
            let [a, b, c, d, ..] = row.to_array();
            put(lane, [a, b, c, d]);
        }
    }
}

impl<P: Prime52> Lanes for Ifma<P> {
    type Field = P::Field;
    type Instructions = Avx512;
    type Sum = IfmaSum<P>;

    const WIDTH: usize = 8;
    const FORM: Form = Form::Ifma;

    #[inline(always)]
    fn splat(token: Avx512, packed: &Packed) -> Self {
        Self::checked(constant(token, &split(packed)))
    }

    #[inline(always)]
    fn from_integers(token: Avx512, integer: impl Fn(usize) -> Limbs) -> Self {
        let lanes = Self::from_rows(token, integer);
        if P::FACTOR == [1, 0, 0, 0] {
            return lanes;
        }
        // The product by FACTOR^2 is divided by FACTOR.
        let square = const { shift_mod(P::FACTOR, &Self::P, 260) };
        lanes.mul(Self::splat(token, &square))
    }

    #[inline(always)]
    fn integers(self, put: impl FnMut(usize, Limbs)) {
        let lanes = if P::FACTOR == [1, 0, 0, 0] { self } else { self.mul(Self::splat(self.token(), &[1, 0, 0, 0])) };
        Self::to_rows(lanes.canonical(), put);
    }

    #[inline(always)]
    fn load(token: Avx512, packed: impl Fn(usize) -> Packed) -> Self {
        Self::from_rows(token, packed)
    }

    #[inline(always)]
    fn store(self, put: impl FnMut(usize, Packed)) {
        Self::to_rows(self.canonical(), put);
    }

    #[inline(always)]
    fn load_points<'a>(token: Avx512, point: impl Fn(usize) -> &'a PackedPoint) -> (Self, Self, Mask) {
        let mut rows = [U64x8::zero(token); 8];
        for (lane, slot) in rows.iter_mut().enumerate() {
            *slot = U64x8::load(token, &point(lane).0);
        }
        let [a, b, c, d, e, f, g, h] = U64x8::transpose(rows);
        let identity = a.or(b).or(c.or(d)).or(e.or(f).or(g.or(h))).is_zero();
        (Self::checked(unpack([a, b, c, d])), Self::checked(unpack([e, f, g, h])), identity)
    }

    #[inline(always)]
    fn store_points(x: Self, y: Self, mut put: impl FnMut(usize, PackedPoint)) {
        let ([a, b, c, d], [e, f, g, h]) = (pack(x.canonical()), pack(y.canonical()));
        for (lane, row) in U64x8::transpose([a, b, c, d, e, f, g, h]).into_iter().enumerate() {
            put(lane, PackedPoint(row.to_array()));
        }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let mut wide = [U64x8::zero(self.token()); 10];
        for i in 0..5 {
            for j in 0..5 {
                mac(&mut wide, i + j, self.0[i], other.0[j]);
            }
        }
        Self::checked(carry(P::reduce(wide)))
    }

    #[inline(always)]
    fn square(self) -> Self {
        let mut wide = [U64x8::zero(self.token()); 10];
        for i in 0..5 {
            for j in i + 1..5 {
                mac(&mut wide, i + j, self.0[i], self.0[j]);
            }
        }
        for limb in &mut wide[1..] {
            *limb = *limb + *limb;
        }
        for i in 0..5 {
            mac(&mut wide, 2 * i, self.0[i], self.0[i]);
        }
        Self::checked(carry(P::reduce(wide)))
    }

    /// Montgomery's trick over the lanes, in the field's own arithmetic.
    fn invert_var(self) -> Self {
        let mut elements = [P::Field::ZERO; 8];
        self.store(|lane, packed| elements[lane] = P::Field::from_packed(&packed));
        let mut before = [P::Field::ONE; 8];
        for i in 1..8 {
            before[i] = before[i - 1].mul(&elements[i - 1]);
        }
        let mut inverse = before[7].mul(&elements[7]).invert_var();
        let mut inverses = [[0; 4]; 8];
        for i in (0..8).rev() {
            inverses[i] = inverse.mul(&before[i]).packed();
            inverse = inverse.mul(&elements[i]);
        }
        let lanes = Self::load(self.token(), |lane| inverses[lane]);
        P::INVERSE_FACTOR.map_or(lanes, |factor| lanes.mul(Self::splat(self.token(), &factor)))
    }

    #[inline(always)]
    fn sum(self) -> IfmaSum<P> {
        IfmaSum(self.0, PhantomData)
    }

    #[inline(always)]
    fn is_zero(self) -> Mask {
        let [a, b, c, d, e] = self.canonical();
        a.or(b).or(c.or(d)).or(e).is_zero()
    }

    #[inline(always)]
    fn blend(self, mask: Mask, other: Self) -> Self {
        Self::checked(std::array::from_fn(|i| self.0[i].blend(mask, other.0[i])))
    }
}

impl<P: Prime52> LanesSum for IfmaSum<P> {
    type Lanes = Ifma<P>;

    #[inline(always)]
    fn plus(self, other: Ifma<P>) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + other.0[i]), PhantomData)
    }

    #[inline(always)]
    fn minus(self, other: Ifma<P>) -> Self {
        let minuend = constant(self.0[0].token(), &const { minuend(&<P::Field as Field>::MODULUS) });
        Self(std::array::from_fn(|i| self.0[i] + (minuend[i] - other.0[i])), PhantomData)
    }

    #[inline(always)]
    fn twice(self) -> Self {
        Self(self.0.map(|limb| limb + limb), PhantomData)
    }

    #[inline(always)]
    fn reduce(self) -> Ifma<P> {
        let mut limbs = self.0;
        let top = limbs[4].shr::<TOP_BITS>();
        limbs[4] = limbs[4].and(U64x8::splat(limbs[4].token(), (1 << TOP_BITS) - 1));
        Ifma::checked(carry(P::fold(limbs, top)))
    }
}

/// 2^256 - p of secp256k1.
const SECP256K1_FOLD: u64 = (1 << 32) + 977;

impl Prime52 for Secp256k1Base {
    type Field = Self;
    const FACTOR: Limbs = [1, 0, 0, 0];
    const INVERSE_FACTOR: Option<Limbs> = None;

    /// 2^260 = 16 * (2^256 - p) (mod p): the upper five limbs, carried, count that often.
    #[inline(always)]
    fn reduce(wide: Wide52) -> Limbs52 {
        let token = wide[0].token();
        let [a, b, c, d, e, high @ ..] = wide;
        let high = carry(high);
        let mut low = [a, b, c, d, e, U64x8::zero(token)];
        let fold = U64x8::splat(token, SECP256K1_FOLD << 4);
        for (i, limb) in high.into_iter().enumerate() {
            mac(&mut low, i, limb, fold);
        }
        // What is above 2^256: below 2^36.
        let top = low[4].shr::<TOP_BITS>() + low[5].shl::<4>();
        low[4] = low[4].and(U64x8::splat(token, (1 << TOP_BITS) - 1));
        mac(&mut low, 0, top, U64x8::splat(token, SECP256K1_FOLD));
        let [a, b, c, d, e, _] = low;
        [a, b, c, d, e]
    }

    #[inline(always)]
    fn fold([a, b, c, d, e]: Limbs52, top: U64x8) -> Limbs52 {
        [a.madd_low(top, U64x8::splat(a.token(), SECP256K1_FOLD)), b, c, d, e]
    }
}

/// The Montgomery primes: elements times 2^260, while the field's own arithmetic keeps them times 2^256.
macro_rules! montgomery_form {
    ($prime:ty) => {
        type Field = Montgomery<$prime>;
        const FACTOR: Limbs = power_of_two(260, &<$prime>::M);
        // There a*2^260 stands for 16a, whose inverse is kept as 2^252/a; 2^268/2^260 times that is 2^260/a.
        const INVERSE_FACTOR: Option<Limbs> = Some(power_of_two(268, &<$prime>::M));
    };
}

/// 2^exponent mod p.
const fn power_of_two(exponent: u32, p: &Limbs) -> Limbs {
    shift_mod([1, 0, 0, 0], p, exponent)
}

impl Prime52 for P256Prime {
    montgomery_form!(P256Prime);

    /// p = -1 mod 2^52, so each round adds p as often as the lowest limb says, as 2^256 - 2^224 + 2^192 + 2^96, and drops the limb.
    #[inline(always)]
    fn reduce(mut wide: Wide52) -> Limbs52 {
        let token = wide[0].token();
        let mask = U64x8::splat(token, LIMB);
        for i in 0..5 {
            let q = wide[i].and(mask);
            wide[i + 1] = wide[i + 1] + wide[i].shr_signed::<BITS>();
            mac(&mut wide, i + 1, q, U64x8::splat(token, 1 << 44));
            mac(&mut wide, i + 3, q, U64x8::splat(token, 1 << 36));
            mac(&mut wide, i + 4, q, U64x8::splat(token, (1 << 48) - (1 << 16)));
        }
        let [_, _, _, _, _, upper @ ..] = wide;
        upper
    }

    /// 2^256 - p = 2^224 - 2^192 - 2^96 + 1.
    #[inline(always)]
    fn fold([a, b, c, d, e]: Limbs52, top: U64x8) -> Limbs52 {
        [a + top, b - top.shl::<44>(), c, d - top.shl::<36>(), e + top.shl::<16>()]
    }
}

impl Prime52 for Sm2Prime {
    montgomery_form!(Sm2Prime);

    /// As for P-256, with p + 1 = 2^256 - 2^224 - (2^96 - 2^64), whose last part is kept apart, since products only add.
    #[inline(always)]
    fn reduce(mut wide: Wide52) -> Limbs52 {
        let token = wide[0].token();
        let mask = U64x8::splat(token, LIMB);
        let mut minus = [U64x8::zero(token); 7];
        for i in 0..5 {
            let limb = wide[i] - minus[i];
            let q = limb.and(mask);
            wide[i + 1] = wide[i + 1] + limb.shr_signed::<BITS>();
            mac(&mut minus, i + 1, q, U64x8::splat(token, (1 << 44) - (1 << 12)));
            mac(&mut wide, i + 4, q, U64x8::splat(token, (1 << 48) - (1 << 16)));
        }
        let [_, _, _, _, _, a, b, c, d, e] = wide;
        [a - minus[5], b - minus[6], c, d, e]
    }

    /// 2^256 - p = 2^224 + 2^96 - 2^64 + 1.
    #[inline(always)]
    fn fold([a, b, c, d, e]: Limbs52, top: U64x8) -> Limbs52 {
        [a + top, b + top.shl::<44>() - top.shl::<12>(), c, d, e + top.shl::<16>()]
    }
}
