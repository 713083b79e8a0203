//! Rounds: items of one shape, valid and not, with hints right and wrong and without.

use chainbox_engine::{
    batch::{Encoding, Input, OwnedItem},
    scheme::Scheme,
};
use chainbox_tests::{
    curve::{Bytes32, PeerCurve, add, sub},
    seed::Random,
};
use chainbox_workloads::{Hints, Kind, SignedItem, Spec, Workload};

use crate::{ITEMS, constructed};

/// An item and what is right of its R: y, and one byte as recovery ids are.
#[derive(Clone)]
pub struct Entry {
    pub item: OwnedItem,
    pub y: Bytes32,
    pub parity: u8,
}

/// What a round is made of.
#[derive(Debug)]
pub struct Plan {
    pub spec: Spec,
    /// The share of wrong hints.
    wrong_hints_percent: usize,
}

impl Plan {
    /// The plan of a round. Numbers of keys, shares and forms follow the rounds, so that a few of them have every one.
    pub fn new(scheme: Scheme, round: u64, random: &mut Random) -> Self {
        let turn = round as usize;
        let mut spec = Spec::new(scheme, ITEMS as u64);
        spec.input = [Input::Digest, Input::Message][turn % 2];
        spec.encoding = [Encoding::Raw, Encoding::Der][turn / 2 % 2];
        spec.low_s = scheme != Scheme::Sm2Sm3 && (turn + turn / 4).is_multiple_of(2);
        spec.signers = [ITEMS as u64, 16, 1][turn % 3];
        spec.hints = Hints::Y;
        spec.message_bytes = random.below(200);
        spec.invalid_kinds = Kind::all_for(spec.shape());
        spec.invalid_share = [0.5, 0.02, 0.0, 1.0][turn % 4];
        spec.seed = random.below(usize::MAX) as u64;
        Self { spec, wrong_hints_percent: [10, 0, 2, 60][(turn + turn / 4) % 4] }
    }

    pub fn entries(&self, random: &mut Random) -> Vec<Entry> {
        let items = |spec: Spec| Workload::new(spec).expect("a spec that can be made").items(0..ITEMS as u64);
        let mut all = items(self.spec.clone());
        if self.spec.shape().has_id() {
            // The same keys under another id, and items under an id that is not theirs.
            let under_other_id = items(Spec { id: b"another id".to_vec(), ..self.spec.clone() });
            for (signed, other) in all.iter_mut().zip(under_other_id) {
                match random.below(8) {
                    0..3 => *signed = other,
                    3 => signed.item.id = other.item.id,
                    _ => {}
                }
            }
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(ITEMS);
        for signed in all {
            let mut entry = self.entry(signed, &entries, random);
            entry.item.hint = self.hint(&entry, &entries, random);
            entries.push(entry);
        }
        entries
    }

    /// The item itself, or now and then another in its place: a constructed one, an earlier one again or its twin.
    fn entry(&self, SignedItem { mut item, kind }: SignedItem, earlier: &[Entry], random: &mut Random) -> Entry {
        if self.spec.input == Input::Digest && random.one_in(12) {
            return constructed::entry(self.spec.shape(), random);
        }
        if !earlier.is_empty() && random.one_in(16) {
            let again = random.pick(earlier).clone();
            return if random.one_in(2) { self.twin(again) } else { again };
        }
        if let ([4, point @ ..], true) = (&item.key[..], random.one_in(3)) {
            // Of a malformed key, another one.
            let parity = point.last().map_or(0, |byte| byte & 1);
            item.key = [&[2 | parity], &point[..32.min(point.len())]].concat();
        }
        let mut y: Bytes32 = item.hint.as_slice().try_into().expect("a whole y");
        if kind == Some(Kind::HighS) {
            // Its hint is that of the item with the lower s.
            y = sub(&moduli(self.spec.scheme).0, &y);
        }
        Entry { item, y, parity: y[31] & 1 }
    }

    /// (r, n - s), whose R is the opposite one; what is no raw ECDSA signature stays as it is.
    fn twin(&self, mut entry: Entry) -> Entry {
        if self.spec.scheme != Scheme::Sm2Sm3 && entry.item.signature.len() == 64 && self.spec.encoding == Encoding::Raw {
            let (p, n) = moduli(self.spec.scheme);
            let s: Bytes32 = entry.item.signature[32..].try_into().expect("32 bytes");
            entry.item.signature[32..].copy_from_slice(&sub(&n, &s));
            entry.y = sub(&p, &entry.y);
            entry.parity ^= 1;
        }
        entry
    }

    fn hint(&self, entry: &Entry, earlier: &[Entry], random: &mut Random) -> Vec<u8> {
        if random.below(100) < self.wrong_hints_percent {
            return self.wrong_hint(entry, earlier, random);
        }
        match random.below(9) {
            0..4 => entry.y.to_vec(),
            4..8 => vec![entry.parity],
            _ => Vec::new(),
        }
    }

    /// Bytes that are not what the item's R asks for, in one of the ways that a reader might take for right.
    fn wrong_hint(&self, entry: &Entry, earlier: &[Entry], random: &mut Random) -> Vec<u8> {
        let (p, _) = moduli(self.spec.scheme);
        let Entry { y, parity, .. } = entry;
        match random.below(11) {
            0 => vec![parity ^ 1],
            1 => vec![parity ^ 2],
            2 => vec![parity ^ 3],
            3 => vec![u8::try_from(4 + random.below(252)).expect("below 256")],
            4 => sub(&p, y).to_vec(),
            5 => earlier.last().map_or([0; 32], |other| other.y).to_vec(),
            6 => random.bytes(32),
            7 => p.to_vec(),
            8 => vec![0xff; 32],
            // The same y modulo p, where it fits.
            9 => add(y, &p).map_or(vec![0; 32], Vec::from),
            _ => {
                let len = *random.pick(&[2, 31, 33, 64, 65, 300]);
                y.iter().copied().cycle().take(len).collect()
            }
        }
    }
}

/// p and n.
fn moduli(scheme: Scheme) -> (Bytes32, Bytes32) {
    const fn of<C: PeerCurve>() -> (Bytes32, Bytes32) {
        (C::P, C::N)
    }
    match scheme {
        Scheme::EcdsaSecp256k1Sha256 | Scheme::EcdsaSecp256k1Keccak256 => of::<k256::Secp256k1>(),
        Scheme::EcdsaP256Sha256 => of::<p256::NistP256>(),
        Scheme::Sm2Sm3 => of::<sm2::Sm2>(),
    }
}
