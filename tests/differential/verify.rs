//! Verification against the libraries that run in this process or through the libcrypto program.

use std::collections::{BTreeMap, BTreeSet};

use chainbox_engine::{
    batch::{Encoding, Input, Shape},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_tests::{items::verdicts, seed::seed};

use crate::{
    CHUNK_ITEMS,
    classes::Class,
    items::{Made, Maker},
    items_wanted,
    peers::{Peer, Tally},
    sign::Signer,
};

/// The least share of items that each peer must be asked about.
const COMPARED_PERCENT_MIN: usize = 85;

#[test]
fn ecdsa_secp256k1_sha256() {
    compare::<k256::Secp256k1>(Scheme::EcdsaSecp256k1Sha256);
}

#[test]
fn ecdsa_secp256k1_keccak256() {
    compare::<k256::Secp256k1>(Scheme::EcdsaSecp256k1Keccak256);
}

#[test]
fn ecdsa_p256_sha256() {
    compare::<p256::NistP256>(Scheme::EcdsaP256Sha256);
}

#[test]
fn sm2_sm3() {
    compare::<sm2::Sm2>(Scheme::Sm2Sm3);
}

/// The four shapes of a scheme without policy.
pub fn shapes(scheme: Scheme) -> Vec<Shape> {
    let inputs = [Input::Message, Input::Digest];
    inputs
        .iter()
        .flat_map(|&input| [Encoding::Raw, Encoding::Der].map(|encoding| Shape { scheme, input, encoding, low_s: false }))
        .collect()
}

/// What a run has seen, to show that it compared what it says.
#[derive(Debug, Default)]
struct Seen {
    /// Items and valid ones by class.
    classes: BTreeMap<Class, (usize, usize)>,
    reasons: BTreeSet<Reason>,
    peers: BTreeMap<&'static str, Tally>,
}

fn compare<C: Signer>(scheme: Scheme) {
    let (seed, items) = (seed(), items_wanted());
    let shapes = shapes(scheme);
    let peers = Peer::all(scheme);
    let mut maker = Maker::<C>::new(scheme, seed, scheme as u64);
    let mut seen = Seen::default();
    let per_shape = CHUNK_ITEMS.div_ceil(shapes.len());
    for _ in 0..items.div_ceil(per_shape * shapes.len()) {
        for &shape in &shapes {
            let made: Vec<Made> = (0..per_shape).map(|_| maker.make(shape)).collect();
            compare_shape(shape, &made, &peers, &mut seen, seed);
        }
    }
    println!("{scheme}, seed {seed}: {seen:?}");
    check_seen(&seen, &shapes);
}

/// The engine against what is known of each item, then against each peer, then the low-s policy against the peers that have it.
fn compare_shape(shape: Shape, made: &[Made], peers: &[Peer], seen: &mut Seen, seed: u64) {
    let items = || made.iter().map(|made| &made.item);
    let ours = verdicts(shape, items());
    let place = |index: usize, shape: Shape| format!("seed {seed}, {:?}: {}", made[index].class, made[index].item.line(shape));
    for (index, (made, &verdict)) in made.iter().zip(&ours).enumerate() {
        let (items, valid) = seen.classes.entry(made.class).or_default();
        (*items, *valid) = (*items + 1, *valid + usize::from(verdict.is_valid()));
        seen.reasons.extend(verdict.reason());
        if let Some(expected) = made.expected {
            assert_eq!(verdict, expected, "the engine against how the item was made; {}", place(index, shape));
        }
    }
    for peer in peers {
        let tally = seen.peers.entry(peer.name()).or_default();
        for (index, (answer, verdict)) in peer.answers(shape, items()).into_iter().zip(&ours).enumerate() {
            tally.count(answer);
            if let Ok(accepts) = answer {
                assert_eq!(verdict.is_valid(), accepts, "{verdict:?} against {}; {}", peer.name(), place(index, shape));
            }
        }
    }
    if shape.scheme != Scheme::Sm2Sm3 {
        compare_low_s(Shape { low_s: true, ..shape }, made, peers, &ours, place);
    }
}

/// With the policy, what was valid stays so or falls to the policy, and nothing else changes.
fn compare_low_s(shape: Shape, made: &[Made], peers: &[Peer], without_policy: &[Verdict], place: impl Fn(usize, Shape) -> String) {
    let items = || made.iter().map(|made| &made.item);
    let ours = verdicts(shape, items());
    for (index, (&with, &without)) in ours.iter().zip(without_policy).enumerate() {
        let by_policy =
            with == Verdict::Invalid(Reason::LowSPolicy) && matches!(without, Verdict::Valid | Verdict::Invalid(Reason::Equation));
        assert!(with == without || by_policy, "{with:?} with the low-s policy, {without:?} without; {}", place(index, shape));
    }
    for peer in peers.iter().filter(|peer| peer.has_low_s_policy(shape.scheme)) {
        for (index, (answer, verdict)) in peer.answers(shape, items()).into_iter().zip(&ours).enumerate() {
            if let Ok(accepts) = answer {
                assert_eq!(verdict.is_valid(), accepts, "low-s: {verdict:?} against {}; {}", peer.name(), place(index, shape));
            }
        }
    }
}

/// Every class and every reason appeared, a fair share was valid and a fair share not, and each peer was asked about nearly all.
fn check_seen(seen: &Seen, shapes: &[Shape]) {
    for class in shapes.iter().flat_map(|&shape| Class::that_fit(shape)) {
        assert!(seen.classes.contains_key(&class), "no item of class {class:?}");
    }
    for &reason in reasons(shapes[0].scheme) {
        assert!(seen.reasons.contains(&reason), "no item is refused with {reason:?}");
    }
    let (items, valid) = seen.classes.values().fold((0, 0), |(items, valid), &(more, more_valid)| (items + more, valid + more_valid));
    assert!((items / 4..items * 3 / 4).contains(&valid), "{valid} of {items} are valid");
    for (peer, tally) in &seen.peers {
        assert!(tally.compared * 100 >= items * COMPARED_PERCENT_MIN, "{peer} was asked about too few: {tally:?}");
    }
}

/// The reasons that the checks of a scheme without policy can give.
fn reasons(scheme: Scheme) -> &'static [Reason] {
    use Reason::{Encoding, Equation, KeyIsIdentity, KeyMalformed, KeyNotOnCurve, RIsIdentity, ROutOfRange, RPlusSIsZero, SOutOfRange};
    const SM2: &[Reason] =
        &[RPlusSIsZero, Encoding, ROutOfRange, SOutOfRange, KeyMalformed, KeyNotOnCurve, KeyIsIdentity, RIsIdentity, Equation];
    if scheme == Scheme::Sm2Sm3 { SM2 } else { &SM2[1..] }
}
