//! Points. Sums are compared as points, not by their coordinates, which may stand for them in many ways.

use chainbox_engine::{
    curve::{
        Curve, Scalar,
        point::{Affine, Jacobian},
        product::double_product_var,
    },
    field::Field,
};
use chainbox_kernels::program;

use super::{Function, element_of, limbs_of, try_all, words_of};
use crate::{
    programs::POINTS as KERNELS,
    values::{seeded, words},
};

/// Points to try: G, its first multiples and their opposites, others from a seed.
fn points<C: Curve>() -> Vec<Affine<C>> {
    let mut points: Vec<Affine<C>> = Vec::new();
    let mut multiple = Jacobian::from(C::G);
    for _ in 0..12 {
        points.push(multiple.to_affine_var());
        multiple = multiple.add_affine(&C::G);
    }
    for number in 0..120 {
        let factor = Scalar::<C>::from_limbs_reduced(&limbs_of(&words(&seeded("point", number))));
        points.push(double_product_var::<C>(&factor.to_limbs(), &[0; 4], &C::G).to_affine_var());
    }
    let opposites: Vec<_> = points[..12].iter().map(Affine::neg).collect();
    points.extend(opposites);
    points
}

/// Elements to try as Z.
fn element<C: Curve>(number: usize) -> C::Base {
    match number % 4 {
        0 => C::Base::ONE,
        1 => C::Base::ONE.neg(),
        _ => loop_to_element::<C>(number),
    }
}

fn loop_to_element<C: Curve>(number: usize) -> C::Base {
    let integers = (0..).map(|attempt| limbs_of(&words(&seeded("element", 1000 * number + attempt))));
    integers.filter_map(|integer| C::Base::from_limbs(&integer)).next().expect("most integers are below p")
}

fn affine_words<C: Curve>(q: &Affine<C>) -> Vec<u32> {
    [words_of(&q.x), words_of(&q.y)].concat()
}

/// (x z^2, y z^3, z); for z = 0 the point at infinity.
fn jacobian_words<C: Curve>(q: &Affine<C>, z: &C::Base) -> Vec<u32> {
    let z2 = z.square();
    let (x, y) = if z.is_zero() { (q.x, q.y) } else { (q.x.mul(&z2), q.y.mul(&z2.mul(z))) };
    [words_of(&x), words_of(&y), words_of(z)].concat()
}

fn jacobian<C: Curve>(words: &[u32]) -> Jacobian<C> {
    Jacobian { x: element_of(&words[..8]), y: element_of(&words[8..16]), z: element_of(&words[16..24]) }
}

fn expect(is_right: bool, what: &str) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(what.to_owned()) }
}

fn same_point<C: Curve>(expected: &Jacobian<C>, words: &[u32]) -> Result<(), String> {
    let expected = expected.to_affine_var();
    let answered = jacobian::<C>(words).to_affine_var();
    expect(expected == answered, &format!("expected {expected:?}"))
}

fn functions<C: Curve>(curve: program::Curve) {
    let points = points::<C>();
    let zero = C::Base::ZERO;
    let mut tried_on_curve: Vec<Vec<u32>> = points.iter().map(affine_words).collect();
    tried_on_curve.extend(points.iter().map(|q| affine_words(&Affine::<C> { x: q.x, y: q.y.add(&C::Base::ONE) })));
    tried_on_curve.push(affine_words(&Affine::<C> { x: zero, y: zero }));
    let tried_x = (0..200).map(element::<C>).chain(points.iter().map(|q| q.x)).chain([zero, C::Base::ONE]);
    let lifts = tried_x.flat_map(|x| [0, 1].map(|odd| [&words_of(&x)[..], &[odd]].concat())).collect();
    let with_z = |(number, q): (usize, &Affine<C>)| jacobian_words(q, &element::<C>(number));
    let mut doubles: Vec<Vec<u32>> = points.iter().enumerate().map(with_z).collect();
    doubles.push(jacobian_words(&C::G, &zero));
    let mut sums: Vec<Vec<u32>> = Vec::new();
    for (number, p) in points.iter().enumerate() {
        let q = &points[(7 * number + 3) % points.len()];
        // The sum as it comes, with infinity, with the same point, and with the opposite one.
        for (q, z) in [(q, element::<C>(number)), (q, zero), (p, element::<C>(number)), (&p.neg(), element::<C>(number + 1))] {
            for take in [0, 1] {
                sums.push([jacobian_words(p, &z), affine_words(q), vec![take]].concat());
            }
        }
    }
    let negations = points.iter().flat_map(|q| [0, 1].map(|negative| [affine_words(q), vec![negative]].concat())).collect();
    let scales =
        points.iter().enumerate().map(|(number, q)| [affine_words(q), words_of(&element::<C>(number)).to_vec()].concat()).collect();
    try_all(
        curve,
        &KERNELS,
        vec![
            Function::exact(KERNELS[0], tried_on_curve, 1, |w| {
                vec![u32::from(Affine::<C> { x: element_of(&w[..8]), y: element_of(&w[8..]) }.is_on_curve())]
            }),
            Function::checked(KERNELS[1], lifts, 17, |w, answer| match Affine::<C>::lift_x_var(element_of(&w[..8]), w[8] == 1) {
                Some(q) => expect(answer == [affine_words(&q), vec![1]].concat(), "another point"),
                None => expect(answer[16] == 0, "there is no such point"),
            }),
            Function::checked(KERNELS[2], doubles, 24, |w, answer| same_point(&jacobian::<C>(w).double(), answer)),
            Function::checked(KERNELS[3], sums, 33, |w, answer| {
                let (p, q, take) = (jacobian::<C>(w), Affine::<C> { x: element_of(&w[24..32]), y: element_of(&w[32..40]) }, w[40] == 1);
                let p_affine = p.to_affine_var();
                let meets = take && !p.is_identity() && p_affine.x == q.x;
                expect(answer[32] == u32::from(meets), "whether points met")?;
                if meets {
                    return Ok(());
                }
                same_point(&if take { p.add_affine(&q) } else { p }, answer)?;
                let (z, h) = (element_of::<C::Base>(&answer[16..24]), element_of::<C::Base>(&answer[24..32]));
                expect(!take || p.is_identity() || z == p.z.mul(&h), "h is not Z'/Z")
            }),
            Function::exact(KERNELS[4], negations, 16, |w| {
                let q = Affine::<C> { x: element_of(&w[..8]), y: element_of(&w[8..16]) };
                affine_words(&if w[16] == 1 { q.neg() } else { q })
            }),
            Function::exact(KERNELS[5], scales, 16, |w| {
                let [x, y, inverse]: [C::Base; 3] = [0, 8, 16].map(|at| element_of(&w[at..at + 8]));
                let square = inverse.square();
                affine_words(&Affine::<C> { x: x.mul(&square), y: y.mul(&square.mul(&inverse)) })
            }),
        ],
    );
}

super::for_each_curve!(functions);
