//! Items of every class: signed by other libraries, constructed, and altered.

use chainbox_engine::{
    batch::{Input, SM2_ID_BYTES_MAX, Shape},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_tests::{items::OwnedItem, seed::Random};

use crate::{
    alter,
    classes::{Class, Part},
    construct,
    curve::{Bytes32, PeerCurve, add, number, scalar, scalar_bytes, sub},
    sign::{Signer, digest, public_key},
};

/// Keys that sign many items, as sources do in life.
const KEYS_SHARED: usize = 32;

/// Messages have up to this many bytes.
const MESSAGE_BYTES_MAX: usize = 300;

/// Ids have up to this many bytes, and rarely the most that the standard allows.
const ID_BYTES_MAX: usize = 40;

/// An item before its signature is written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// SEC1.
    pub key: Vec<u8>,
    /// Message or digest.
    pub input: Vec<u8>,
    /// SM2 over messages only; else empty.
    pub id: Vec<u8>,
    pub r: Bytes32,
    pub s: Bytes32,
}

/// An item, how it was made, and its verdict where that decides it.
#[derive(Clone, Debug)]
pub struct Made {
    pub class: Class,
    pub item: OwnedItem,
    pub expected: Option<Verdict>,
}

/// Makes items of one scheme from one seed.
pub struct Maker<C> {
    pub scheme: Scheme,
    pub random: Random,
    keys: Vec<Bytes32>,
    curve: std::marker::PhantomData<C>,
}

impl<C: Signer> Maker<C> {
    pub fn new(scheme: Scheme, seed: u64, stream: u64) -> Self {
        let mut random = Random::new(seed, stream);
        let keys = (0..KEYS_SHARED).map(|_| private_key::<C>(&mut random)).collect();
        Self { scheme, random, keys, curve: std::marker::PhantomData }
    }

    /// One item of a class that a batch of this shape can carry; a third of all are signed and left alone.
    pub fn make(&mut self, shape: Shape) -> Made {
        let classes = Class::that_fit(shape);
        let class = if self.random.one_in(3) { Class::Signed } else { *self.random.pick(&classes) };
        let (draft, expected) = match class.part() {
            Part::Valid => (self.valid(class, shape), Some(Verdict::Valid)),
            Part::Constructed => construct::draft::<C>(class, self.scheme, &mut self.random),
            Part::Altered => self.altered(class, shape),
            Part::AlteredKey => {
                let mut draft = self.signed(shape);
                let reason = alter::key::<C>(class, &mut draft.key, &mut self.random);
                (draft, Some(Verdict::Invalid(reason)))
            }
            Part::Wire | Part::NotDer => (self.signed(shape), None),
        };
        let raw = [draft.r, draft.s].concat().try_into().expect("twice 32 bytes");
        let mut item = OwnedItem { key: draft.key, input: draft.input, signature: alter::written(&raw, shape.encoding), id: draft.id };
        let expected = match class.part() {
            Part::Wire => alter::wire(class, shape, &mut item, &mut self.random),
            Part::NotDer => {
                let (signature, reason) = alter::not_der(class, &raw, &mut self.random);
                item.signature = signature;
                Some(Verdict::Invalid(reason))
            }
            _ => expected,
        };
        Made { class, item, expected }
    }

    /// Signed by another library, over a random input.
    fn signed(&mut self, shape: Shape) -> Draft {
        let d = if self.random.one_in(4) { private_key::<C>(&mut self.random) } else { *self.random.pick(&self.keys) };
        self.signed_by(&d, shape)
    }

    fn signed_by(&mut self, d: &Bytes32, shape: Shape) -> Draft {
        match shape.input {
            Input::Digest => {
                let digest = self.random.bytes32();
                sign_digest::<C>(d, digest, digest)
            }
            Input::Message => {
                let len = self.random.below(MESSAGE_BYTES_MAX + 1);
                let message = self.random.bytes(len);
                self.sign_message(d, shape, message)
            }
        }
    }

    fn sign_message(&mut self, d: &Bytes32, shape: Shape, message: Vec<u8>) -> Draft {
        let key = public_key::<C>(d);
        let id = if shape.has_id() { self.id() } else { Vec::new() };
        let (r, s) = C::sign(d, &digest(self.scheme, &id, &key[1..], &message));
        Draft { key, input: message, id, r, s }
    }

    /// The default id, the empty one, text, any bytes, or the longest.
    fn id(&mut self) -> Vec<u8> {
        let len = self.random.below(ID_BYTES_MAX + 1);
        match self.random.below(64) {
            0..24 => b"1234567812345678".to_vec(),
            24..28 => Vec::new(),
            28..48 => self.random.bytes(len).iter().map(|byte| b' ' + byte % 95).collect(),
            48..63 => self.random.bytes(len),
            _ => self.random.bytes(SM2_ID_BYTES_MAX),
        }
    }

    /// Valid items that are special in some way.
    fn valid(&mut self, class: Class, shape: Shape) -> Draft {
        match class {
            Class::Signed => self.signed(shape),
            Class::SmallKey => {
                let d = self.small_key();
                self.signed_by(&d, shape)
            }
            Class::CompressedKey => {
                let draft = self.signed(shape);
                Draft { key: alter::compressed(&draft.key), ..draft }
            }
            Class::EdgeDigest => {
                let d = *self.random.pick(&self.keys);
                let digest = *self.random.pick(&edges::<C>());
                sign_digest::<C>(&d, digest, digest)
            }
            // The same integer modulo n in 256 bits: the standards sign it alike.
            Class::DigestPlusN => {
                let d = *self.random.pick(&self.keys);
                let mut digest = [0; 32];
                digest[20..].copy_from_slice(&self.random.bytes(12));
                let raised = add(&digest, &C::N).expect("n + 2^96 is below 2^256 on all three curves");
                sign_digest::<C>(&d, digest, raised)
            }
            _ => unreachable!("{class:?} is not in this part"),
        }
    }

    /// Keys G, 2G, ... and those opposite to them. SM2 has no private key n - 1, so -G stands in [`construct`].
    fn small_key(&mut self) -> Bytes32 {
        let k = number(u8::try_from(2 + self.random.below(16)).expect("below 256"));
        let half = scalar_bytes::<C>(&half::<C>());
        *self.random.pick(&[number(1), k, sub(&C::N, &k), half, sub(&C::N, &half)])
    }

    /// Signed, then changed in r, s, key, id or input.
    fn altered(&mut self, class: Class, shape: Shape) -> (Draft, Option<Verdict>) {
        let mut draft = self.signed(shape);
        let reason = match class {
            Class::HighS => {
                draft.s = sub(&C::N, &draft.s);
                return (draft, Some(if self.scheme == Scheme::Sm2Sm3 { Verdict::Invalid(Reason::Equation) } else { Verdict::Valid }));
            }
            Class::SwappedRS => {
                std::mem::swap(&mut draft.r, &mut draft.s);
                Some(Reason::Equation)
            }
            Class::EdgeR => {
                draft.r = *self.random.pick(&edges::<C>());
                is_out_of_range::<C>(&draft.r).then_some(Reason::ROutOfRange)
            }
            Class::EdgeS => {
                draft.s = *self.random.pick(&edges::<C>());
                is_out_of_range::<C>(&draft.s).then_some(Reason::SOutOfRange)
            }
            Class::RPlusSIsN => {
                draft.s = sub(&C::N, &draft.r);
                Some(Reason::RPlusSIsZero)
            }
            Class::OtherKey => {
                draft.key = self.signed(shape).key;
                // A shared key may be drawn again.
                None
            }
            Class::OtherId => {
                draft.id.truncate(SM2_ID_BYTES_MAX - 1);
                draft.id.push(0);
                None
            }
            Class::OtherInput => {
                draft.input = self.signed(shape).input;
                None
            }
            _ => unreachable!("{class:?} is not in this part"),
        };
        (draft, reason.map(Verdict::Invalid))
    }
}

/// Signed over one digest and given with another, which is the same unless the class says otherwise.
fn sign_digest<C: Signer>(d: &Bytes32, signed: Bytes32, given: Bytes32) -> Draft {
    let (r, s) = C::sign(d, &signed);
    Draft { key: public_key::<C>(d), input: given.to_vec(), id: Vec::new(), r, s }
}

/// A uniform private key in [1, n - 2].
fn private_key<C: PeerCurve>(random: &mut Random) -> Bytes32 {
    loop {
        let d = random.bytes32();
        if d != [0; 32] && d < sub(&C::N, &number(1)) {
            return d;
        }
    }
}

/// 2^-1 modulo n, which is (n + 1)/2.
pub fn half<C: PeerCurve>() -> C::Scalar {
    use p256::elliptic_curve::ff::PrimeField;
    C::Scalar::TWO_INV
}

/// 32-byte integers at the edges of ranges: 0, 1, around n/2, n and p, and the largest.
pub fn edges<C: PeerCurve>() -> [Bytes32; 13] {
    let above_half = scalar_bytes::<C>(&half::<C>());
    let plus = |a: &Bytes32, k: u8| add(a, &number(k)).expect("n and p are far enough below 2^256");
    [
        number(0),
        number(1),
        number(2),
        sub(&above_half, &number(1)),
        above_half,
        sub(&C::N, &number(2)),
        sub(&C::N, &number(1)),
        C::N,
        plus(&C::N, 1),
        sub(&C::P, &number(1)),
        C::P,
        plus(&C::P, 1),
        [0xff; 32],
    ]
}

fn is_out_of_range<C: PeerCurve>(value: &Bytes32) -> bool {
    *value == [0; 32] || *value >= C::N
}

/// The scalars at edges: those of [`edges`] modulo n, and powers of two.
pub fn edge_scalar<C: PeerCurve>(random: &mut Random) -> C::Scalar {
    if random.one_in(2) {
        let mut power = [0; 32];
        power[random.below(32)] = 1 << random.below(8);
        let lowered = if random.one_in(2) { sub(&power, &number(1)) } else { power };
        return scalar::<C>(&lowered);
    }
    scalar::<C>(random.pick(&edges::<C>()))
}
