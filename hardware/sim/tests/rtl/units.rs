//! Units alone: sums and products, the queue, the sequencer, and the operations on points, under whatever comes.

use std::collections::{HashMap, VecDeque};

use chainbox_fpga_model::{
    curve::Curve,
    machine::{CONTEXTS, Item, Machine, Outcome},
    program::{OP_BITS, Op, Report},
    word::Word,
};
use chainbox_fpga_sim::{
    Datapath,
    units::{ADDER_STEPS, Adder, BITS, Factor, Fifo, MULTIPLIER_STEPS, Multiplier, Says, Sequencer, Told},
};
use rand_chacha::{
    ChaCha12Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::items::{any, item, machine};

const CLOCKS: usize = 20_000;

/// A number of so many bits: often one with long runs of ones, for the carries.
fn number(random: &mut ChaCha12Rng, bits: usize) -> Factor {
    let kind = random.next_u64() % 6;
    let mut words: Factor = std::array::from_fn(|_| match kind {
        0 => 0,
        1 => u32::MAX,
        2 if random.next_u64().is_multiple_of(4) => random.next_u32(),
        2 => u32::MAX,
        _ => random.next_u32(),
    });
    if kind == 0 {
        words[(random.next_u64() % 9) as usize] = 1 << (random.next_u64() % 32);
    }
    for (index, word) in words.iter_mut().enumerate() {
        let left = bits.saturating_sub(32 * index).min(32);
        *word &= ((1_u64 << left) - 1) as u32;
    }
    words
}

/// The product of two numbers, word by word.
fn product(left: &Factor, right: &Factor) -> [u32; 17] {
    let mut words = [0_u32; 18];
    for (place, a) in left.iter().enumerate() {
        let mut carry = 0;
        for (word, b) in words[place..].iter_mut().zip(right) {
            let sum = u64::from(*a) * u64::from(*b) + u64::from(*word) + carry;
            *word = sum as u32;
            carry = sum >> 32;
        }
        words[place + 9] = carry as u32;
    }
    assert_eq!(words[17], 0);
    std::array::from_fn(|word| words[word])
}

#[test]
fn every_product_is_right() {
    let (mut random, mut unit, mut expected) = (ChaCha12Rng::seed_from_u64(1), Multiplier::default(), VecDeque::new());
    for _ in 0..CLOCKS {
        let (left, right) = (number(&mut random, BITS.0), number(&mut random, BITS.1));
        expected.push_back(product(&left, &right));
        let given = unit.clock(&left, &right);
        if expected.len() == MULTIPLIER_STEPS {
            assert_eq!(Some(given), expected.pop_front());
        }
    }
}

#[test]
fn every_sum_is_right() {
    let (mut random, mut unit, mut expected) = (ChaCha12Rng::seed_from_u64(2), Adder::default(), VecDeque::new());
    for _ in 0..CLOCKS {
        let (left, right) = (number(&mut random, BITS.2), number(&mut random, BITS.2));
        let carry_in = random.next_u64().is_multiple_of(2);
        let mut carry = u64::from(carry_in);
        let mut sum: Factor = std::array::from_fn(|word| {
            carry += u64::from(left[word]) + u64::from(right[word]);
            let digit = carry as u32;
            carry >>= 32;
            digit
        });
        // 264 bits: the last word has eight.
        let carry_out = sum[8] >> 8 == 1;
        sum[8] &= 0xff;
        expected.push_back((sum, carry_out));
        let given = unit.clock(&left, &right, carry_in);
        if expected.len() == ADDER_STEPS {
            assert_eq!(Some(given), expected.pop_front());
        }
    }
}

/// The queue is a queue of 16, however it is filled and emptied: seldom, often, and both at once.
#[test]
fn the_queue_gives_what_it_was_given() {
    let (mut random, mut unit, mut words) = (ChaCha12Rng::seed_from_u64(3), Fifo::default(), VecDeque::new());
    let (mut was_full, mut was_empty) = (0, 0);
    let (mut offers, mut takes) = (1, 1);
    for clock in 0..CLOCKS {
        if clock.is_multiple_of(64) {
            (offers, takes) = (random.next_u64() % 8 + 1, random.next_u64() % 8 + 1);
        }
        let offered = (random.next_u64() % 8 < offers).then(|| random.next_u64());
        let is_taken = random.next_u64() % 8 < takes;
        let (front, has_room) = unit.clock(offered, is_taken);
        assert_eq!(front, words.front().copied());
        assert_eq!(has_room, words.len() < 16);
        was_full += usize::from(!has_room);
        was_empty += usize::from(front.is_none());
        if is_taken {
            words.pop_front();
        }
        if has_room {
            words.extend(offered);
        }
    }
    assert!(was_full > 100 && was_empty > 100, "{was_full}, {was_empty}");
}

/// A line as the sequencer says it: its word, the entry, the sign, the point.
type Line = (u64, u32, bool, u32);

/// The lines of an item whose comparisons fail: those of its commands, each with the digit of its command. The model goes through the same ones, with results that are 0
/// where the key is on the curve, and 1 elsewhere.
fn lines(machine: &Machine, item: &Item) -> Vec<Line> {
    let program = machine.program();
    let mut lines = Vec::new();
    let mut routine = |name: &str, digit: (u32, bool, u32)| {
        lines.extend(program.routine(name).iter().map(|op| (op.encode(), digit.0, digit.1, digit.2)));
    };
    ["check", "first", "next"].iter().for_each(|name| routine(name, (0, false, 0)));
    for command in item.commands() {
        // model/src/wire.rs: a point of the fixed table, or doublings and what comes then.
        let (is_point, word) = (command >> 15 == 1, u32::from(command));
        let is_negative = word >> if is_point { 9 } else { 3 } & 1 == 1;
        let digit = (word & 7, is_negative, (word >> 10 & 0x1f) << 9 | word & 0x1ff);
        let doublings = if is_point { 0 } else { word >> 6 & 0x1ff };
        (0..doublings).for_each(|_| routine("double", digit));
        match (is_point, word >> 4 & 3) {
            (true, _) => routine("add_fixed", digit),
            (_, 0) => {}
            (_, then) => routine(["begin", "add", "compare"][then as usize - 1], digit),
        }
    }
    let mut words = Vec::new();
    let mut record = |op: &Op, _: &_| {
        words.push(op.encode());
        if op.report == Report::OffCurve { Word::ZERO } else { Word::ONE }
    };
    assert_eq!(machine.run_with(item, &mut record).outcome, Outcome::Mismatch);
    assert!(lines.iter().map(|line| line.0).eq(words));
    lines
}

/// What a context is about.
#[derive(Default)]
struct Context {
    item: Option<usize>,
    lines: Vec<Line>,
    report: u64,
    is_broken: bool,
}

/// The sequencer goes through the lines of each item, in each context's turn and in no other, and keeps a result until it is taken: items begin when they come, words
/// break now and then, and nobody takes results for long.
#[test]
fn the_sequencer_gives_the_lines_of_every_item() {
    let (mut random, mut unit, machine) = (ChaCha12Rng::seed_from_u64(4), Sequencer::default(), machine(Curve::SM2));
    let mut next = || {
        let item = any(&mut random, &Curve::SM2, 0);
        (lines(&machine, &item), item.commands())
    };
    let items: Vec<(Vec<Line>, Vec<u16>)> = (0..60).map(|_| next()).collect();
    let mut contexts: Vec<Context> = std::iter::repeat_with(Context::default).take(CONTEXTS).collect();
    let mut loading: Option<(usize, usize, usize)> = None;
    let (mut begun, mut results, mut kept, mut broken) = (0, HashMap::new(), 0, 0);
    let mut turn = 0;
    let mut idle = u32::MAX;
    let mut clock = 0_u64;
    while results.len() < items.len() {
        clock += 1;
        assert!(clock < 1_000_000, "{} of {} items came out", results.len(), items.len());
        let before = (turn + CONTEXTS - 1) % CONTEXTS;
        let mut told =
            Told { turn: turn as u32, takes: (clock / 4_096).is_multiple_of(2) && random.next_u64().is_multiple_of(3), ..Told::default() };
        // The line before of the context whose turn begins: whether its result is 0.
        let report = std::mem::take(&mut contexts[turn].report);
        told.report = (report as u32, report == Report::OffCurve as u64);
        // Commands one a clock, into a context without an item; then it starts.
        match loading {
            None if begun < items.len() && idle != 0 && random.next_u64().is_multiple_of(200) => {
                let context =
                    (0..CONTEXTS).filter(|context| idle >> context & 1 == 1).nth(random.next_u64() as usize % idle.count_ones() as usize);
                loading = Some((begun, context.expect("one is idle"), 0));
                begun += 1;
            }
            Some((number, context, written)) => {
                let commands = &items[number].1;
                if written < commands.len() {
                    told.command = Some(((context * 128 + written) as u32, commands[written]));
                    loading = Some((number, context, written + 1));
                } else {
                    told.start = Some((context as u32, number as u32, commands.len() as u32));
                }
            }
            None => {}
        }
        let breaks = contexts[before].item.filter(|_| random.next_u64().is_multiple_of(20_000)).map(|_| before);
        told.broken = breaks.map(|context| context as u32);
        let Says { started, line, result, idle: now } = unit.clock(&told);
        idle = now;
        if let Some(line) = line {
            let context = &mut contexts[before];
            assert!(context.item.is_some(), "a line of nobody");
            context.lines.push(line);
            context.report = line.0 >> (OP_BITS - 3);
        }
        if let Some(context) = breaks {
            contexts[context].is_broken = true;
        }
        if let Some((tag, code)) = result {
            if told.takes {
                let Context { item, lines, is_broken, .. } = std::mem::take(&mut contexts[before]);
                let number = item.expect("a result of nobody");
                let (right, outcome) = (&items[number].0, Outcome::of_code(code));
                if outcome == Some(Outcome::Broken) {
                    assert!(is_broken && right.starts_with(&lines));
                    broken += 1;
                } else {
                    assert_eq!((&lines, outcome), (right, Some(Outcome::Mismatch)), "item {number}");
                }
                assert_eq!(results.insert(tag, code), None, "item {tag} twice");
                assert_eq!(tag as usize, number);
            } else {
                kept += 1;
            }
        }
        if started {
            let (number, context, _) = loading.take().expect("one was to start");
            assert_eq!(context, before);
            contexts[context] = Context { item: Some(number), ..Context::default() };
        }
        turn = (turn + 1) % CONTEXTS;
    }
    assert!(kept > 1_000 && broken > 2, "{kept} results kept, {broken} items broken");
}

/// Doublings alone, entries of the key's table, additions to a doubled point, points of the fixed table: one item for each, through the datapath in hardware.
#[test]
fn operations_on_points_one_by_one() {
    let curve = Curve::SM2;
    let (machine, mut rtl) = (machine(curve), Datapath::new(&curve));
    let key = Word([0x1234_5678_9abc_def1, 2, 3, 4]);
    let small = |number: u64| Word([number, 0, 0, 0]);
    let negative = |number: u64| Word::ZERO.sub_mod(&small(number), &curve.n);
    let of_key = [1, 2, 4, 3, 5, 7, 9, 11, 13, 15, 17, 31, 33].map(|t| (Word::ZERO, small(t)));
    let of_table = [small(1), small(511), small(512), small(513), negative(1), Word([0, 0, 0, 1 << 40])].map(|s| (s, small(1)));
    for (s, t) in of_key.into_iter().chain(of_table) {
        let good = item(&curve, &key, &s, &t);
        let other = Item { c: good.c.add_mod(&Word::ONE, &curve.n), ..good.clone() };
        for (item, outcome) in [(good, Outcome::Valid), (other, Outcome::Mismatch)] {
            assert_eq!(machine.run_with(&item, &mut |op, ports| rtl.pass(op, ports).0).outcome, outcome, "s = {s}, t = {t}");
        }
    }
}
