//! The same groups in lanes, where equal and opposite points and the identity stand beside all others.

use super::{Group, KoblitzOrder13, KoblitzOrder199, P256Order251, Sm2Order251, multiples};
use crate::{
    curve::{
        Curve,
        lanes::{
            Term,
            add::Adder,
            buckets::{self, Product},
            double_product::{Factors, double_products},
            pack, unpack,
            variable_base::{self, Exceptional},
            windows::SignedScalar,
        },
        point::{Affine, Jacobian},
    },
    field::{
        lanes::{Lanes, PackedPoint, portable::Portable},
        limbs::{Limbs, sub},
    },
    simd::Baseline,
};

/// Orders up to this one are tried with every input, larger ones with some.
const ORDER_EXHAUSTED: usize = 20;

fn check<C: Curve>(order: usize) {
    let points = Jacobian::to_affine_all_var(&multiples::<C>(order));
    let portable = Checks::<C, Portable<C::Base>>::new(Baseline, &points).all();
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = crate::simd::Processor::detect().avx512() {
        let wide = Checks::<C, <C as Group>::Wide>::new(avx512, &points).all();
        assert_eq!(portable, wide, "which products are exceptional");
    }
}

struct Checks<'a, C: Curve, L: Lanes> {
    adder: Adder<C, L>,
    /// k*G for k = 0, ..., order - 1.
    points: &'a [Affine<C>],
    packed: Vec<PackedPoint>,
}

impl<'a, C: Curve, L: Lanes<Field = C::Base>> Checks<'a, C, L> {
    fn new(instructions: L::Instructions, points: &'a [Affine<C>]) -> Self {
        Self { adder: Adder::new(instructions), points, packed: pack::<C, L>(instructions, points) }
    }

    /// Runs all checks, and tells which products of points were exceptional.
    fn all(mut self) -> Vec<bool> {
        self.sums_of_pairs();
        self.double_products();
        self.sums_of_products();
        let mut exceptional = self.products_of_one_digit();
        exceptional.extend(self.products_of_many_digits());
        exceptional
    }

    const fn order(&self) -> usize {
        self.points.len()
    }

    /// 1, or a step for what would be too many.
    const fn step(&self, step: usize) -> usize {
        if self.order() <= ORDER_EXHAUSTED { 1 } else { step }
    }

    fn assert_points(&self, computed: &[PackedPoint], expected: impl Fn(usize) -> usize, what: &str) {
        for (index, point) in unpack::<C, L>(self.adder.instructions(), computed).iter().enumerate() {
            assert_eq!(*point, self.points[expected(index) % self.order()], "{what} {index} of order {}", self.order());
        }
    }

    /// Every pair, each side with both signs.
    fn sums_of_pairs(&mut self) {
        let order = self.order();
        let sides = |index: usize| [(index / 4 / order, index & 1 == 1), (index / 4 % order, index & 2 == 2)];
        let mut sums = vec![PackedPoint::IDENTITY; 4 * order * order];
        let packed = &self.packed;
        self.adder.add(&mut sums, |index| sides(index).map(|(k, negative)| Term { point: &packed[k], negative }));
        let signed = |(k, negative)| if negative { order - k } else { k };
        self.assert_points(&sums, |index| sides(index).map(signed).iter().sum(), "pair");
    }

    /// u1*G + u2*Q, where the exceptional ones are computed in the other way: all must be right.
    fn double_products(&mut self) {
        let order = self.order();
        let long = order as u64 * 0x002a_5a5a_1357_9bdf;
        let high = (order as u64) << 40 | order as u64;
        for q in (1..order).step_by(self.step(order / 3)) {
            let some = |step| (0..order).step_by(self.step(step));
            let pairs: Vec<_> = some(5).flat_map(|u1| some(7).map(move |u2| [u1, u2])).collect();
            let factors = |&[u1, u2]: &[usize; 2]| {
                // From either end of the range, so that digits of G have both signs.
                let (low, opposite) = ([u1 as u64 + long, 0, high, 0], sub(&C::N, &[(order - u1) as u64, long, 0, high]).0);
                let u1 = if (u1 + u2) % 2 == 0 { low } else { opposite };
                Factors { u1, u2: [u2 as u64 + long, 0, 0, 0] }
            };
            let sums = double_products(&mut self.adder, &pairs.iter().map(factors).collect::<Vec<_>>(), &vec![self.points[q]; pairs.len()]);
            self.assert_points(&sums, |index| pairs[index][0] + pairs[index][1] * q, "double product");
        }
    }

    /// One sum of products of all points, several times each, for every width of digits.
    fn sums_of_products(&self) {
        let order = self.order();
        let pairs: Vec<_> = (0..order).flat_map(|k| (0..3).map(move |turn| (k, (5 * k + 77 * turn) % order))).collect();
        let product = |&(k, factor): &(usize, usize)| {
            let magnitude = [factor as u64 + order as u64 * 0x0013_5a5a_1357_9bdf, order as u64 * 0x0012_3456_789a_bcde, 0, 0];
            Product { point: self.packed[k], factor: SignedScalar { magnitude, negative: factor % 3 == 0 } }
        };
        let products: Vec<_> = pairs.iter().map(product).collect();
        let expected = pairs.iter().map(|&(k, factor)| if factor % 3 == 0 { (order - k) * factor } else { k * factor }).sum::<usize>();
        for width in 2..=12 {
            let sum = buckets::sum_of_products::<C, L>(self.adder.instructions(), &products, 128, width).to_affine_var();
            assert_eq!(sum, self.points[expected % order], "width {width}, order {order}");
        }
    }

    /// Factors from -16 to 16, which are one digit: without an endomorphism only the identity is exceptional.
    fn products_of_one_digit(&mut self) -> Vec<bool> {
        let order = self.order();
        let small = 0..=16.min(order as u64 / 2);
        let scalars: Vec<_> = small.clone().map(|k| ([k, 0, 0, 0], k as usize)).collect();
        let opposites = small.filter(|&k| k > 0).map(|k| (sub(&[order as u64, 0, 0, 0], &[k, 0, 0, 0]).0, order - k as usize));
        let scalars: Vec<_> = scalars.into_iter().chain(opposites).collect();
        self.products(&scalars, &[order as u64, 0, 0, 0], |is_identity| is_identity || C::ENDOMORPHISM.is_some())
    }

    fn products_of_many_digits(&mut self) -> Vec<bool> {
        let long = self.order() as u64 * 0x002a_5a5a_1357_9bdf;
        let scalars: Vec<_> = (0..self.order()).step_by(self.step(7)).map(|k| ([k as u64 + long, 0, 0, 0], k)).collect();
        self.products(&scalars, &C::N, |_| true)
    }

    /// Each scalar, given with what it is modulo the order, times each point; tells which are exceptional.
    fn products(&mut self, scalars: &[(Limbs, usize)], n: &Limbs, may_be_exceptional: impl Fn(bool) -> bool) -> Vec<bool> {
        let order = self.order();
        let pairs: Vec<_> = (0..order).flat_map(|q| scalars.iter().map(move |&(scalar, k)| (q, scalar, k))).collect();
        let points: Vec<_> = pairs.iter().map(|&(q, ..)| self.packed[q]).collect();
        let factors: Vec<_> = pairs.iter().map(|&(_, scalar, _)| scalar).collect();
        let products = variable_base::products(&mut self.adder, &points, &factors, n);
        for (&(q, _, k), product) in pairs.iter().zip(&products) {
            match product {
                Ok(product) => self.assert_points(&[*product], |_| k * q, "product"),
                Err(Exceptional) => assert!(may_be_exceptional(k * q % order == 0), "{k}*{q}, order {order}"),
            }
        }
        products.iter().map(Result::is_err).collect()
    }
}

// One group a field, and the smallest that has an endomorphism: each takes its time to compile.

#[test]
fn koblitz_order_13() {
    check::<KoblitzOrder13>(13);
}

#[test]
fn koblitz_order_199() {
    check::<KoblitzOrder199>(199);
}

#[test]
fn p256_order_251() {
    check::<P256Order251>(251);
}

#[test]
fn sm2_order_251() {
    check::<Sm2Order251>(251);
}
