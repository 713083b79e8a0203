//! Alterations of keys, of signatures as they are written, and of any bit.

use chainbox_engine::{
    batch::{Encoding, Shape},
    verdict::{Reason, Verdict},
};
use chainbox_tests::{der, items::OwnedItem, seed::Random};

use crate::{
    classes::Class,
    curve::{PeerCurve, add, lift, number, sec1},
};

/// The tag of INTEGER.
const INTEGER: u8 = 0x02;

/// The tag of SEQUENCE.
const SEQUENCE: u8 = 0x30;

/// The compressed form of an uncompressed SEC1 point.
pub fn compressed(key: &[u8]) -> Vec<u8> {
    [&[2 + (key[64] & 1)], &key[1..33]].concat()
}

/// The signature in an encoding.
pub fn written(raw: &[u8; 64], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Raw => raw.to_vec(),
        Encoding::Der => der::from_raw(raw),
    }
}

/// Alters an uncompressed key; the reason that this gives.
pub fn key<C: PeerCurve>(class: Class, key: &mut Vec<u8>, random: &mut Random) -> Reason {
    match class {
        Class::OtherParity => {
            *key = compressed(key);
            key[0] ^= 1;
            Reason::Equation
        }
        Class::OffCurve => {
            key[64] ^= 1;
            Reason::KeyNotOnCurve
        }
        Class::NoSuchX => {
            *key = [&[2 + u8::from(random.one_in(2))], x_without_y::<C>(random).as_slice()].concat();
            Reason::KeyNotOnCurve
        }
        Class::UnreducedX => {
            *key = unreduced_x::<C>(random);
            Reason::KeyMalformed
        }
        Class::UnreducedY => {
            let y = *random.pick(&[C::P, add(&C::P, &number(1)).expect("p is not the largest"), [0xff; 32]]);
            key[33..].copy_from_slice(&y);
            Reason::KeyMalformed
        }
        Class::KeyPrefix => {
            // Among them the hybrid forms 6 and 7 with the right parity and the wrong one.
            key[0] = *random.pick(&[0, 1, 2, 3, 5, 6, 7, 8, 0x84, 0xff]);
            Reason::KeyMalformed
        }
        Class::KeyLength => {
            if random.one_in(2) {
                *key = compressed(key);
            }
            let lengths: Vec<usize> = [0, 2, 32, 33, 34, 63, 64, 65, 66, 97].into_iter().filter(|&len| len != key.len()).collect();
            key.resize(*random.pick(&lengths), 0);
            // 33 bytes that begin with 4, 65 that begin with 2 or 3, and 1 that is not 0 are all malformed.
            Reason::KeyMalformed
        }
        Class::IdentityKey => {
            *key = vec![0];
            Reason::KeyIsIdentity
        }
        _ => unreachable!("{class:?} is no class of keys"),
    }
}

/// Alters an item whose signature is written; its verdict where that is sure.
pub fn wire(class: Class, shape: Shape, item: &mut OwnedItem, random: &mut Random) -> Option<Verdict> {
    match class {
        Class::FlippedBit => {
            let fields = [&mut item.key, &mut item.input, &mut item.signature, &mut item.id];
            let mut fields: Vec<_> = fields.into_iter().filter(|field| !field.is_empty()).collect();
            let index = random.below(fields.len());
            let field = &mut *fields[index];
            let byte = random.below(field.len());
            field[byte] ^= 1 << random.below(8);
            // Of a bit in s nobody knows beforehand, with probability 2^-256, whether it makes another valid signature.
            None
        }
        Class::RandomSignature => {
            let raw = random.bytes(64).try_into().expect("64 bytes were asked for");
            item.signature = written(&raw, shape.encoding);
            None
        }
        Class::RawLength => {
            item.signature.resize(*random.pick(&[0, 1, 32, 63, 65, 96, 128]), 0);
            Some(Verdict::Invalid(Reason::Encoding))
        }
        _ => unreachable!("{class:?} is not in this part"),
    }
}

/// Something that is not the DER of these r and s: with the reason for it, since a number that is negative or too large is well encoded.
pub fn not_der(class: Class, raw: &[u8; 64], random: &mut Random) -> (Vec<u8>, Reason) {
    let in_r = random.one_in(2);
    let out_of_range = if in_r { Reason::ROutOfRange } else { Reason::SOutOfRange };
    let contents = [&raw[..32], &raw[32..]].map(|half| der::integer(half)[2..].to_vec());
    // One of the two INTEGERs written anew from its content.
    let with = |rewrite: &dyn Fn(&[u8]) -> Vec<u8>| {
        let integer = |is_r: bool, content: &[u8]| if is_r == in_r { rewrite(content) } else { der::tagged(INTEGER, content) };
        [integer(true, &contents[0]), integer(false, &contents[1])].concat()
    };
    let sequence = |content: &[u8]| der::tagged(SEQUENCE, content);
    let integers = contents.each_ref().map(|content| der::tagged(INTEGER, content));
    let both = integers.concat();
    let signature = sequence(&both);
    let altered = match class {
        Class::DerTrailing if in_r => [&signature, [0].as_slice()].concat(),
        Class::DerTrailing => sequence(&[&both, [5, 0].as_slice()].concat()),
        Class::DerLongLength if random.one_in(2) => [&[SEQUENCE, 0x81, length(&both)], both.as_slice()].concat(),
        Class::DerLongLength => sequence(&with(&|content| [&[INTEGER, 0x81, length(content)], content].concat())),
        Class::DerPadding => sequence(&with(&|content| der::tagged(INTEGER, &[&[0], content].concat()))),
        Class::DerTag => {
            let mut altered = signature;
            let place = *random.pick(&[0, 2, 2 + integers[0].len()]);
            altered[place] = *random.pick(&[0x00, 0x01, 0x03, 0x04, 0x0a, 0x10, 0x31, 0x82, 0xa0]);
            altered
        }
        Class::DerTruncated => signature[..random.below(signature.len())].to_vec(),
        Class::DerIndefinite => [&[SEQUENCE, 0x80], both.as_slice(), &[0, 0]].concat(),
        Class::DerMissing if random.one_in(2) => sequence(&integers[usize::from(in_r)]),
        Class::DerMissing => sequence(&with(&|_| vec![INTEGER, 0])),
        Class::DerWide => {
            return (sequence(&with(&|content| der::tagged(INTEGER, &[&[1], [0; 33].as_slice(), content].concat()))), out_of_range);
        }
        Class::DerNegative => {
            // Two's complement: a first bit of 1 is a negative number, and a second bit of 0 keeps it minimal.
            let negative = |content: &[u8]| der::tagged(INTEGER, &[&[0x80 | content[0] >> 2], &content[1..]].concat());
            return (sequence(&with(&negative)), out_of_range);
        }
        _ => unreachable!("{class:?} is not in this part"),
    };
    (altered, Reason::Encoding)
}

fn length(content: &[u8]) -> u8 {
    u8::try_from(content.len()).expect("signatures are short")
}

/// An x below p that no point has.
fn x_without_y<C: PeerCurve>(random: &mut Random) -> [u8; 32] {
    loop {
        let x = random.bytes32();
        if x < C::P && lift::<C>(&x, false).is_none() {
            return x;
        }
    }
}

/// An uncompressed or compressed key whose x is not below p: most often p + x of a point that is on the curve.
fn unreduced_x<C: PeerCurve>(random: &mut Random) -> Vec<u8> {
    loop {
        let x = number(u8::try_from(random.below(256)).expect("below 256"));
        let Some(point) = lift::<C>(&x, random.one_in(2)) else { continue };
        let mut key = sec1::<C>(&point);
        let raised = if random.one_in(8) { [0xff; 32] } else { add(&C::P, &x).expect("p + 255 is below 2^256 on all three curves") };
        key[1..33].copy_from_slice(&raised);
        return if random.one_in(2) { compressed(&key) } else { key };
    }
}
