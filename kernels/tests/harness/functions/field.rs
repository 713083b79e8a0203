//! Modulo p.

use chainbox_engine::{
    curve::Curve,
    field::{Field, secp256k1::Secp256k1Base},
};
use chainbox_kernels::program;
use num_bigint::BigUint;

use super::{Function, integer_of, lanes, try_all};
use crate::{
    programs::FIELD as KERNELS,
    values::{arguments, edges, integer, words},
};

/// A prime, and what an element that stands for 1 is: 2^256 modulo the prime in Montgomery form.
#[derive(Clone)]
pub(super) struct Prime {
    pub m: BigUint,
    one: BigUint,
}

impl Prime {
    pub(super) fn plain(m: BigUint) -> Self {
        Self { m, one: BigUint::from(1_u32) }
    }

    pub(super) fn montgomery(m: BigUint) -> Self {
        let one = (BigUint::from(1_u32) << 256_u32) % &m;
        Self { m, one }
    }

    /// The prime of a curve's coordinates as devices keep them.
    pub(super) fn of_coordinates<C: Curve>() -> Self {
        let m = integer_of(&C::Base::MODULUS);
        if C::Base::MODULUS == Secp256k1Base::MODULUS { Self::plain(m) } else { Self::montgomery(m) }
    }

    pub(super) fn element(&self, a: &BigUint) -> BigUint {
        a * &self.one % &self.m
    }

    pub(super) fn to_integer(&self, a: &BigUint) -> BigUint {
        a * self.inverse(&self.one) % &self.m
    }

    pub(super) fn mul(&self, a: &BigUint, b: &BigUint) -> BigUint {
        self.to_integer(&(a * b % &self.m))
    }

    pub(super) fn pow(&self, a: &BigUint, exponent: &BigUint) -> BigUint {
        self.element(&self.to_integer(a).modpow(exponent, &self.m))
    }

    /// 1/a for the element a, and 0 for 0.
    pub(super) fn invert(&self, a: &BigUint) -> BigUint {
        self.pow(a, &(&self.m - 2_u32))
    }

    fn inverse(&self, a: &BigUint) -> BigUint {
        a.modinv(&self.m).expect("not 0")
    }
}

fn functions<C: Curve>(curve: program::Curve) {
    let p = Prime::of_coordinates::<C>();
    let n = integer_of(&C::N);
    let edges = edges(&[&p.m, &n]);
    let pairs = || lanes(arguments(curve.name(), &edges, &p.m, 2, 0));
    let singles = || lanes(arguments(curve.name(), &edges, &p.m, 1, 200));
    let one = |kernel: &'static str, f: fn(&Prime, &BigUint) -> BigUint| {
        let p = p.clone();
        Function::exact(kernel, singles(), 8, move |w| words(&f(&p, &integer(w))).to_vec())
    };
    let two = |kernel: &'static str, lanes: Vec<Vec<u32>>, f: fn(&Prime, &BigUint, &BigUint) -> BigUint| {
        let p = p.clone();
        Function::exact(kernel, lanes, 8, move |w| words(&f(&p, &integer(&w[..8]), &integer(&w[8..]))).to_vec())
    };
    // Exponents are any integers.
    let mut powers = arguments("exponents", &edges, &p.m, 1, 100);
    for (place, list) in powers.iter_mut().enumerate() {
        list.push(edges[(5 * place) % edges.len()].clone());
    }
    try_all(
        curve,
        &KERNELS,
        vec![
            two(KERNELS[0], pairs(), |p, a, b| (a + b) % &p.m),
            two(KERNELS[1], pairs(), |p, a, b| (a + &p.m - b) % &p.m),
            one(KERNELS[2], |p, a| (&p.m - a) % &p.m),
            one(KERNELS[3], |p, a| if a.bit(0) { (a + &p.m) >> 1_u32 } else { a >> 1_u32 }),
            two(KERNELS[4], pairs(), Prime::mul),
            one(KERNELS[5], |p, a| p.mul(a, a)),
            one(KERNELS[6], Prime::element),
            one(KERNELS[7], Prime::to_integer),
            two(KERNELS[8], lanes(powers), Prime::pow),
            one(KERNELS[9], Prime::invert),
            one(KERNELS[10], |p, a| p.pow(a, &((&p.m + 1_u32) >> 2_u32))),
        ],
    );
}

super::for_each_curve!(functions);
