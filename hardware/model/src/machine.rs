//! The machine: one item goes through the microprogram in a context, one line a turn. The hardware has [`CONTEXTS`], so many that a line
//! finds every result before it; what a line does here is what it does there.

use std::sync::Arc;

use crate::{
    curve::{Curve, DIGITS, PRODUCT_DIGITS},
    datapath::{Ports, pass},
    program::{Op, Program, Report, Source},
    recode::{FIXED_POINTS, FIXED_WINDOWS, KeyDigit, fixed_digits, key_digits},
    wire::{ITEM_BYTES, read_packet},
    word::Word,
};

/// What the host sends: the key, what x(R) must be modulo n, and the digits of the scalars in s*G + t*Q.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The key, affine.
    pub key: [Word; 2],
    /// r - e mod n for SM2, r for ECDSA.
    pub c: Word,
    /// The digits of t, the highest first.
    pub key_digits: Vec<KeyDigit>,
    /// The doublings after the last of them.
    pub last_doublings: u16,
    /// The digits of s, the lowest first.
    pub fixed_digits: [i16; FIXED_WINDOWS],
}

impl Item {
    /// The item of scalars: s may be 0, t not.
    #[must_use]
    pub fn new(key: [Word; 2], c: Word, s: &Word, t: &Word) -> Self {
        let (digits, last_doublings) = key_digits(t);
        Self { key, c, key_digits: digits, last_doublings, fixed_digits: fixed_digits(s) }
    }
}

/// What the device says of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// x(s*G + t*Q) mod n = c.
    Valid,
    /// It is not.
    Mismatch,
    /// A coordinate of the key is not below p.
    KeyRange,
    /// The key is no point of the curve.
    OffCurve,
    /// c is not below n, or there is no digit of the key.
    ScalarRange,
    /// Two points that were to be added have one x: the formulas do not hold, and the host decides.
    Undecided,
    /// A word that was read for it has wrong parity. The model has no such words.
    Broken,
    /// Its commands are none that this crate makes. The model has no such items.
    Malformed,
}

/// What became of an item, and how many turns it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// What the device says.
    pub outcome: Outcome,
    /// Lines of the microprogram, and of the words that were loaded.
    pub turns: u64,
}

/// Contexts of an engine: as many as cycles from where a line is decided to where its result can be read, the datapath's 28 steps among them.
pub const CONTEXTS: usize = 32;

/// Results that an engine keeps where nobody takes them, as a power of 2.
pub const RESULT_DEPTH: u32 = 4;

/// Items that find room in an engine, whether results are taken or not: what a driver may have under way.
pub const CREDITS: usize = CONTEXTS + (1 << RESULT_DEPTH);

/// Words that are loaded for an item, a turn each: the key and c.
pub const LOADED: u64 = 3;

/// An engine for one curve.
#[derive(Clone, Debug)]
pub struct Machine {
    curve: Curve,
    program: Arc<Program>,
    matrix: [[i32; DIGITS]; PRODUCT_DIGITS - DIGITS],
    /// The multiples of G: those of window w are (1 ... 512) * 2^(10 w).
    fixed: Arc<[[Word; 2]]>,
}

/// A context while it works.
struct Context<'a> {
    machine: &'a Machine,
    pass: &'a mut dyn FnMut(&Op, &Ports) -> Word,
    registers: Vec<Word>,
    turns: u64,
    is_off_curve: bool,
    is_equal: bool,
    is_c: bool,
    is_c_plus_n: bool,
}

/// What a digit names.
#[derive(Clone, Copy, Default)]
struct Digit {
    entry: u8,
    fixed: [Word; 2],
    is_negative: bool,
}

impl Machine {
    /// The engine of a curve, with the fixed table that [`fixed_table`] makes.
    ///
    /// # Panics
    /// Where the table has another size.
    #[must_use]
    pub fn new(curve: Curve, fixed: Arc<[[Word; 2]]>) -> Self {
        assert_eq!(fixed.len(), FIXED_WINDOWS * FIXED_POINTS);
        Self { matrix: curve.fold_matrix(), curve, program: Arc::new(Program::verifier()), fixed }
    }

    /// Its curve.
    #[must_use]
    pub const fn curve(&self) -> &Curve {
        &self.curve
    }

    /// Its microprogram.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Its fixed table.
    #[must_use]
    pub fn fixed(&self) -> &[[Word; 2]] {
        &self.fixed
    }

    /// Runs an item.
    #[must_use]
    pub fn run(&self, item: &Item) -> Ran {
        self.run_with(item, &mut |op, ports| pass(&self.curve, &self.matrix, op, ports))
    }

    /// The tag of an item's packet, and what an engine says of the item.
    #[must_use]
    pub fn answer(&self, packet: &[u8; ITEM_BYTES]) -> (u32, Outcome) {
        let (tag, item) = read_packet(packet);
        (tag, item.map_or(Outcome::Malformed, |item| self.run(&item).outcome))
    }

    /// Runs an item with another datapath.
    pub fn run_with(&self, item: &Item, pass: &mut dyn FnMut(&Op, &Ports) -> Word) -> Ran {
        let mut context = Context {
            machine: self,
            pass,
            registers: vec![Word::ZERO; self.program.registers.len()],
            turns: LOADED,
            is_off_curve: false,
            is_equal: false,
            is_c: false,
            is_c_plus_n: false,
        };
        let outcome = context.item(item);
        Ran { outcome, turns: context.turns }
    }
}

impl Context<'_> {
    fn set(&mut self, name: &str, word: Word) {
        let number = self.machine.program.register(name).expect("a register of the microprogram");
        self.registers[usize::from(number)] = word;
    }

    fn item(&mut self, item: &Item) -> Outcome {
        let Curve { p, n, .. } = self.machine.curve;
        self.machine.curve.constants().into_iter().for_each(|(name, word)| self.set(name, word));
        [("qx", item.key[0]), ("qy", item.key[1]), ("c", item.c)].into_iter().for_each(|(name, word)| self.set(name, word));
        if item.key.iter().any(|coordinate| *coordinate >= p) {
            return Outcome::KeyRange;
        }
        if item.c >= n || item.key_digits.is_empty() {
            return Outcome::ScalarRange;
        }
        let none = Digit::default();
        self.routine("check", none);
        if self.is_off_curve {
            return Outcome::OffCurve;
        }
        self.routine("first", none);
        self.routine("next", none);
        for (index, digit) in item.key_digits.iter().enumerate() {
            (0..digit.doublings).for_each(|_| self.routine("double", none));
            let named = Digit { entry: digit.entry, is_negative: digit.is_negative, ..none };
            self.routine(if index == 0 { "begin" } else { "add" }, named);
        }
        (0..item.last_doublings).for_each(|_| self.routine("double", none));
        for (window, digit) in item.fixed_digits.iter().enumerate().filter(|(_, digit)| **digit != 0) {
            let point = self.machine.fixed[window * FIXED_POINTS + usize::from(digit.unsigned_abs()) - 1];
            self.routine("add_fixed", Digit { fixed: point, is_negative: *digit < 0, ..none });
        }
        if self.is_equal {
            return Outcome::Undecided;
        }
        self.routine("compare", none);
        let is_c_plus_n_below_p = item.c < p.sub(&n).0;
        if self.is_c || (p > n && is_c_plus_n_below_p && self.is_c_plus_n) { Outcome::Valid } else { Outcome::Mismatch }
    }

    fn routine(&mut self, name: &str, digit: Digit) {
        let program = Arc::clone(&self.machine.program);
        for op in program.routine(name) {
            // Nothing more is done for an item that cannot be decided.
            if !self.is_equal {
                self.op(op, digit);
            }
        }
    }

    fn op(&mut self, op: &Op, digit: Digit) {
        let read = |source| match source {
            Source::Register(number) => self.registers[usize::from(number)],
            Source::Entry(part) => {
                let first = self.machine.program.register("t0x").expect("the table's first register");
                self.registers[usize::from(first + 5 * digit.entry + part)]
            }
            Source::Fixed(part) => digit.fixed[usize::from(part)],
        };
        let ports = Ports { a: read(op.a), c: read(op.c), d: read(op.d), e: read(op.e), is_negative: digit.is_negative };
        let result = (self.pass)(op, &ports);
        self.registers[usize::from(op.to)] = result;
        self.turns += 1;
        match op.report {
            Report::Nothing => {}
            Report::OffCurve => self.is_off_curve = !result.is_zero(),
            Report::Equal => self.is_equal |= result.is_zero(),
            Report::IsC => self.is_c = result.is_zero(),
            Report::IsCPlusN => self.is_c_plus_n = result.is_zero(),
        }
    }
}

/// The multiples of the generator that an engine's ROM holds, by a function that says k*G for k = m * 2^shift.
#[must_use]
pub fn fixed_table(multiple: impl Fn(u32, usize) -> [Word; 2]) -> Arc<[[Word; 2]]> {
    let window = |window: usize| (1..=FIXED_POINTS as u32).map(move |number| (number, window * crate::recode::FIXED_WIDTH));
    (0..FIXED_WINDOWS).flat_map(window).map(|(number, shift)| multiple(number, shift)).collect()
}
