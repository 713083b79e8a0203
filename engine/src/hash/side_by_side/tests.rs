use crate::{
    hash::{Digest, Hash, Message},
    simd::{Feature, Processor},
};

/// Nothing masked, each feature masked in turn, each alone, all masked.
fn processors() -> Vec<Processor> {
    let detected = Processor::detect();
    let without = |masked: &[Feature]| masked.iter().fold(detected, |processor, &feature| processor.without(feature));
    let mut processors = vec![detected, Processor::PORTABLE];
    for feature in Feature::ALL {
        processors.push(detected.without(feature));
        let others: Vec<Feature> = Feature::ALL.into_iter().filter(|&other| other != feature).collect();
        processors.push(without(&others));
    }
    processors
}

/// Bytes without a pattern that a block or a lane repeats.
fn bytes(seed: usize, len: usize) -> Vec<u8> {
    let mut x = seed as u64 + 1;
    let next = || {
        x = x.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (x >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Compares with the portable form of each message for itself, the digests poisoned before. The strings are cut at `cut` of their length.
fn check(messages: &[Vec<u8>], cut: impl Fn(usize) -> usize) {
    let parts: Vec<Message<'_>> = messages.iter().map(|message| message.split_at(cut(message.len())).into()).collect();
    for hash in Hash::ALL {
        let expected: Vec<Digest> = messages.iter().map(|message| hash.digest(message)).collect();
        for processor in processors() {
            let mut digests = vec![[0xa5; 32]; messages.len()];
            hash.digest_all(&parts, &mut digests, processor);
            for (index, (digest, expected)) in digests.iter().zip(&expected).enumerate() {
                let bytes = messages[index].len();
                assert_eq!(digest, expected, "{}, message {index} of {}, {bytes} bytes, {processor:?}", hash.name(), messages.len());
            }
        }
    }
}

#[test]
fn all_lengths_in_one_call() {
    let messages: Vec<_> = (0..300).map(|len| bytes(len, len)).collect();
    check(&messages, |_| 0);
    check(&messages, |len| len);
    check(&messages, |len| len.min(32));
    check(&messages, |len| len / 2);
    let shuffled: Vec<_> = (0..300).map(|i| bytes(i, i * 7919 % 300)).collect();
    check(&shuffled, |len| len / 3);
}

#[test]
fn counts_that_do_not_fill_the_lanes() {
    for count in 0..=40 {
        check(&(0..count).map(|i| bytes(i, 100)).collect::<Vec<_>>(), |_| 0);
        check(&(0..count).map(|i| bytes(i, 97 * i % 411)).collect::<Vec<_>>(), |len| len.min(32));
    }
}

/// Blocks have 64 and 136 bytes; with padding of 9 and of 1.
#[test]
fn edges_of_blocks() {
    let edges = [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129, 135, 136, 137, 271, 272, 273];
    for len in edges {
        check(&(0..33).map(|i| bytes(i, len)).collect::<Vec<_>>(), |len| len / 2);
    }
}

#[test]
fn a_long_message_among_short_ones() {
    for place in [0, 7, 39] {
        let messages: Vec<_> = (0..40).map(|i| bytes(i, if i == place { 100_000 } else { i })).collect();
        check(&messages, |len| len.min(32));
    }
}

#[test]
fn where_a_message_is_split_does_not_matter() {
    let messages: Vec<_> = (0..20).map(|i| bytes(i, 290)).collect();
    for cut in 0..=290 {
        check(&messages, |_| cut);
    }
}

#[test]
#[should_panic(expected = "a place for each digest")]
fn a_place_for_each_digest() {
    Hash::Sm3.digest_all(&[[b"", b""]], &mut [], Processor::PORTABLE);
}

/// What the other tests compare is what they mean to compare: vectors do the work where a feature for it is there, and only there.
#[cfg(target_arch = "x86_64")]
#[test]
fn vectors_do_the_work_where_they_may() {
    let messages: [Message<'_>; 2] = [[b"a", b"b"], [b"c", b"d"]];
    for hash in Hash::ALL {
        for processor in processors() {
            let features = [Feature::Avx2, Feature::Avx512].into_iter().chain((hash == Hash::Sha256).then_some(Feature::Sha));
            let by_vectors = super::vectors::digest_all(hash, &messages, &mut [[0; 32]; 2], processor);
            assert_eq!(by_vectors, features.into_iter().any(|feature| processor.has(feature)), "{}, {processor:?}", hash.name());
        }
    }
}
