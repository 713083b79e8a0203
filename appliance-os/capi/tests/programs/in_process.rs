//! The library in process: the known answers, keys recovered, digests, and the same under valgrind.

use chainbox_engine::{
    backend::{
        Backend, Cpu,
        known_answers::{self, KnownAnswer},
    },
    batch::{Batch, ByteColumn, Encoding, Input, RecoveryBatch, Shape},
    hash::Hash,
    scheme::Scheme,
};

use super::{
    build::{Libraries, Linked, is_installed},
    drive::{Script, hex},
};

/// Valgrind takes some hundred times as long.
const ANSWERS_UNDER_VALGRIND: usize = 6;

/// Batches of the first `most` known answers of each shape.
fn batches(most: usize) -> Vec<Batch> {
    let mut shapes: Vec<(Shape, Vec<&KnownAnswer>)> = Vec::new();
    for answer in known_answers::all() {
        match shapes.iter_mut().find(|(shape, _)| *shape == answer.item.shape) {
            Some((_, answers)) => answers.push(answer),
            None => shapes.push((answer.item.shape, vec![answer])),
        }
    }
    let batch = |(shape, answers): (Shape, Vec<&KnownAnswer>)| {
        let mut batch = Batch::new(shape);
        answers.into_iter().take(most).for_each(|answer| answer.item.push_into(&mut batch).unwrap());
        batch
    };
    shapes.into_iter().map(batch).collect()
}

/// The signatures of the known answers on secp256k1 over digests, with each id. One id of each valid one recovers the key that is known.
fn recoveries() -> RecoveryBatch {
    let of_shape = |answer: &&KnownAnswer| {
        let shape = answer.item.shape;
        shape.scheme == Scheme::EcdsaSecp256k1Keccak256 && shape.input == Input::Digest && shape.encoding == Encoding::Raw
    };
    let answers: Vec<_> = known_answers::all().iter().filter(of_shape).collect();
    let mut batch = RecoveryBatch::new(Input::Digest, false);
    for answer in &answers {
        for id in 0..2 {
            batch.push(&answer.item.input, &[&answer.item.signature[..], &[id]].concat()).unwrap();
        }
    }
    let recovered = Cpu::new().recover(&batch).unwrap();
    let mut valid = 0;
    for (index, answer) in answers.iter().enumerate().filter(|(_, answer)| answer.verdict.is_valid()) {
        let x = &answer.item.key[1..33];
        assert!((0..2).any(|id| recovered.key(2 * index + id).is_some_and(|key| &key[..32] == x)));
        valid += 1;
    }
    assert!(valid > 0);
    batch
}

/// Messages of lengths around the edges of blocks, and the one that every standard has.
fn messages() -> ByteColumn {
    let mut messages = ByteColumn::new();
    for len in [0, 1, 31, 55, 56, 63, 64, 65, 135, 136, 137, 1000] {
        messages.push(&(0..len).map(|at| (at * 7 + len) as u8).collect::<Vec<_>>()).unwrap();
    }
    messages.push(b"abc").unwrap();
    messages
}

/// Requests of every kind.
pub fn script(most: usize) -> Script {
    let mut script = Script::default();
    batches(most).iter().for_each(|batch| script.verify(batch));
    script.recover(&recoveries());
    Hash::ALL.into_iter().for_each(|hash| script.digest(hash, &messages()));
    // Digests that stand in the standards, so that the engine is not its own witness.
    let digest_of_abc = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    script.ask("digest 3 1 width 3 616263", format!("0 {digest_of_abc}"));
    script.ask("digest 3 0 absent", "0 -".to_owned());
    common_ids(&mut script);
    script
}

/// Absent ids are the common id for every item.
fn common_ids(script: &mut Script) {
    let is_sm2 = |answer: &&KnownAnswer| answer.item.shape == Shape::messages(Scheme::Sm2Sm3) && answer.verdict.is_valid();
    let with_common_id = |answer: &KnownAnswer| answer.item.id.as_deref() == Some(b"1234567812345678");
    let answers: Vec<_> = known_answers::all().iter().filter(is_sm2).collect();
    assert!(answers.iter().any(|answer| with_common_id(answer)) && !answers.iter().all(|answer| with_common_id(answer)));
    for answer in answers {
        let [key, input, signature] =
            [&answer.item.key, &answer.item.input, &answer.item.signature].map(|part| format!("lengths {} {}", hex(part), part.len()));
        let expected = if with_common_id(answer) { "0 1 01" } else { "0 0 0c" };
        script.ask(&format!("verify 4 1 1 0 1 {key} {input} {signature} absent absent"), expected.to_owned());
    }
}

fn run(linked: Linked) {
    let libraries = Libraries::new(linked);
    let program = libraries.compile("drive.c", linked);
    script(usize::MAX).run(&mut libraries.command(program));
}

#[test]
fn the_shared_library_gives_the_known_answers() {
    run(Linked::Shared);
}

#[test]
fn the_static_library_gives_the_known_answers() {
    run(Linked::Static);
}

#[test]
fn valgrind_finds_nothing() {
    if !is_installed("valgrind", "the run under valgrind") {
        return;
    }
    let libraries = Libraries::new(Linked::Shared);
    let program = libraries.compile("drive.c", Linked::Shared);
    let mut valgrind = libraries.command("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"]).arg(program);
    script(ANSWERS_UNDER_VALGRIND).run(&mut valgrind);
}

#[test]
fn many_threads_share_a_handle() {
    let libraries = Libraries::new(Linked::Shared);
    let program = libraries.compile("threads.c", Linked::Shared);
    super::build::succeed(&mut libraries.command(program), "");
}
