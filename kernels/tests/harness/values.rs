//! Integers at the edges and from a seed.

use chainbox_engine::hash::sha256;
use num_bigint::BigUint;

/// Where the seeded integers come from.
const SEED: &str = "chainbox harness";

/// 256 bits that depend on a label and a number alone.
pub fn seeded(label: &str, number: usize) -> BigUint {
    BigUint::from_bytes_be(&sha256(format!("{SEED} {label} {number}").as_bytes()))
}

/// Eight words, the least first.
pub fn words(integer: &BigUint) -> [u32; 8] {
    let mut words = integer.to_u32_digits();
    assert!(words.len() <= 8, "{integer:x} has more than 256 bits");
    words.resize(8, 0);
    words.try_into().expect("eight words")
}

pub fn integer(words: &[u32]) -> BigUint {
    BigUint::from_slice(words)
}

/// The integers below 2^256 at which carries and comparisons go wrong, those of the moduli among them.
pub fn edges(moduli: &[&BigUint]) -> Vec<BigUint> {
    let one = BigUint::from(1_u32);
    let top = &one << 256_u32;
    let mut edges: Vec<BigUint> = (0_u32..4).map(BigUint::from).collect();
    for limb in (0_u32..256).step_by(32) {
        let power = &one << limb;
        edges.extend([&power - &one, power.clone(), &power + &one, &power * u32::MAX, &top - &power, (&one << (limb + 31))]);
    }
    for modulus in moduli {
        let half = *modulus >> 1_u32;
        edges.extend([*modulus - &one - &one, *modulus - &one, (*modulus).clone(), *modulus + &one, half.clone(), half + &one]);
        edges.extend([&top % *modulus, &top * &top % *modulus, &top - *modulus]);
    }
    // Every second bit, every second limb.
    edges.push(&top / 3_u32);
    edges.push(&top / 3_u32 * 2_u32);
    edges.push((0..4).fold(BigUint::ZERO, |sum, place| sum + (BigUint::from(u32::MAX) << (64 * place))));
    edges.retain(|integer| integer < &top);
    edges.sort();
    edges.dedup();
    edges
}

/// Lists of `arguments` integers each: every pair of edges in the first two places, and seeded ones; all below `bound`, `lists` at least.
pub fn arguments(label: &str, edges: &[BigUint], bound: &BigUint, arguments: usize, lists: usize) -> Vec<Vec<BigUint>> {
    let edges: Vec<_> = edges.iter().filter(|edge| *edge < bound).collect();
    let random = |list: usize, place: usize| seeded(label, 16 * list + place) % bound;
    let mut made: Vec<Vec<BigUint>> = Vec::new();
    for (first, edge) in edges.iter().enumerate() {
        let others = if arguments > 1 { &edges[..] } else { &edges[..1] };
        for other in others {
            let list = made.len();
            made.push(
                (0..arguments)
                    .map(|place| match place {
                        0 => (*edge).clone(),
                        1 => (*other).clone(),
                        _ => {
                            if (list + first).is_multiple_of(3) {
                                edges[(7 * list + place) % edges.len()].clone()
                            } else {
                                random(list, place)
                            }
                        }
                    })
                    .collect(),
            );
        }
    }
    for list in made.len()..lists.max(made.len() + 64) {
        made.push((0..arguments).map(|place| random(list, place)).collect());
    }
    made
}
