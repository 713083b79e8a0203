//! The microprogram: read from its description, encoded for the ROM.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The description of the verifier's microprogram.
pub const VERIFIER: &str = include_str!("../microprogram.txt");

/// Registers of one context, at most: what a port's address has room for, less what is no register.
pub const REGISTERS_MAX: usize = 120;

/// Where a port reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A register of the context.
    Register(u8),
    /// A part of the entry that the digit names: x, y, z, zz, zzz.
    Entry(u8),
    /// A coordinate of the point of the fixed table that the digit names.
    Fixed(u8),
}

/// The left factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// a
    Plain,
    /// a - d
    Difference,
}

/// The right factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// c
    Plain,
    /// c + d
    Sum,
    /// c - d
    Difference,
    /// 2 c - d
    TwiceLess,
    /// 4 c - d
    FourTimesLess,
}

/// What is added to a product: a multiple of e.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// Nothing.
    Nothing,
    /// e
    Plus,
    /// - e
    Minus,
    /// - 2 e
    MinusTwice,
    /// - 8 e
    MinusEight,
}

/// What the sequencer is told of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// Nothing.
    Nothing,
    /// Whether it is not 0, where the key is no point of the curve then.
    OffCurve,
    /// Whether it is 0, where two points that are added have one x then.
    Equal,
    /// Whether it is 0, where the signature is good then.
    IsC,
    /// The same, where c + n is below p.
    IsCPlusN,
}

/// One pass through the datapath.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// The register that takes the result.
    pub to: u8,
    /// The port of the left factor.
    pub a: Source,
    /// The port of the right factor.
    pub c: Source,
    /// The port of what is taken from or added to factors, or subtracted twice from the product.
    pub d: Source,
    /// The port of what is added to the product.
    pub e: Source,
    /// The left factor.
    pub left: Left,
    /// The right factor.
    pub right: Right,
    /// The product counts so many times: 1, 2, 3, 4 or 8.
    pub scale: u8,
    /// Whether the product has the digit's sign.
    pub is_signed: bool,
    /// What is added to it.
    pub post: Post,
    /// Whether twice d is subtracted too.
    pub less_twice_d: bool,
    /// What the sequencer is told.
    pub report: Report,
}

/// What is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ProgramError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// A microprogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The names of the registers, in the order of their numbers.
    pub registers: Vec<String>,
    /// The ROM: all routines, one after the other.
    pub ops: Vec<Op>,
    /// Where each routine stands in it: its first line, and the one behind its last.
    pub routines: BTreeMap<String, std::ops::Range<usize>>,
}

impl Program {
    /// That of the verifier.
    ///
    /// # Panics
    /// Never: the description is a part of this crate, and tests read it.
    #[must_use]
    pub fn verifier() -> Self {
        Self::read(VERIFIER).expect("the description of the verifier is right")
    }

    /// Reads a description.
    ///
    /// # Errors
    /// [`ProgramError`].
    pub fn read(text: &str) -> Result<Self, ProgramError> {
        let mut program = Self { registers: Vec::new(), ops: Vec::new(), routines: BTreeMap::new() };
        let mut routine: Option<Routine> = None;
        let mut is_registers = false;
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let wrong = |what: String| ProgramError { line: line_number, what };
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            let [first, rest @ ..] = &words[..] else { continue };
            match (*first, rest) {
                ("registers", []) => is_registers = true,
                ("routine", rest) => {
                    is_registers = false;
                    program.end(routine.take()).map_err(wrong)?;
                    routine = Some(Routine::begin(rest).map_err(wrong)?);
                }
                _ if is_registers => program.registers.extend(words.iter().map(|name| (*name).to_owned())),
                _ => match &mut routine {
                    Some(routine) => routine.lines.push((line_number, words.join(" "))),
                    None => return Err(wrong("a line outside of a routine".to_owned())),
                },
            }
        }
        program.end(routine).map_err(|what| ProgramError { line: text.lines().count(), what })?;
        let distinct: BTreeSet<_> = program.registers.iter().collect();
        if distinct.len() < program.registers.len() {
            return Err(ProgramError { line: 0, what: "a register stands there twice".to_owned() });
        }
        if program.registers.len() > REGISTERS_MAX {
            return Err(ProgramError {
                line: 0,
                what: format!("{} registers; there is room for {REGISTERS_MAX}", program.registers.len()),
            });
        }
        Ok(program)
    }

    /// The number of a register.
    #[must_use]
    pub fn register(&self, name: &str) -> Option<u8> {
        self.registers.iter().position(|register| register == name).map(|index| index as u8)
    }

    /// The lines of a routine.
    ///
    /// # Panics
    /// Where there is no such routine.
    #[must_use]
    pub fn routine(&self, name: &str) -> &[Op] {
        let range = self.routines.get(name).unwrap_or_else(|| panic!("there is a routine {name}"));
        &self.ops[range.clone()]
    }

    fn end(&mut self, routine: Option<Routine>) -> Result<(), String> {
        let Some(Routine { name, numbers, lines }) = routine else { return Ok(()) };
        let start = self.ops.len();
        for number in numbers {
            for (line, text) in &lines {
                // "@+" is the number after "@".
                let text = text.replace("@+", &(number + 1).to_string()).replace('@', &number.to_string());
                let op = self.op(&text).map_err(|what| format!("{what}, in routine {name}, line {line}"))?;
                self.ops.push(op);
            }
        }
        if self.routines.insert(name.clone(), start..self.ops.len()).is_some() {
            return Err(format!("there are two routines {name}"));
        }
        Ok(())
    }

    fn op(&self, text: &str) -> Result<Op, String> {
        let (text, report) = text.split_once('!').unwrap_or((text, ""));
        let report = match report.trim() {
            "" => Report::Nothing,
            "off_curve" => Report::OffCurve,
            "equal" => Report::Equal,
            "is_c" => Report::IsC,
            "is_c_plus_n" => Report::IsCPlusN,
            other => return Err(format!("{other} is nothing that can be told")),
        };
        let (to, value) = text.split_once('=').ok_or("there is no =")?;
        let to = self.register(to.trim()).ok_or_else(|| format!("{} is no register", to.trim()))?;
        let mut reader = Reader { program: self, tokens: tokens(value)?, place: 0 };
        let op = reader.op(to, report)?;
        if reader.place < reader.tokens.len() {
            return Err(format!("{} is one term too many", reader.tokens[reader.place]));
        }
        Ok(op)
    }
}

struct Routine {
    name: String,
    numbers: std::ops::RangeInclusive<usize>,
    lines: Vec<(usize, String)>,
}

impl Routine {
    fn begin(words: &[&str]) -> Result<Self, String> {
        let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{text} is no number"));
        let (name, numbers) = match words {
            [name] => (*name, 0..=0),
            [name, "from", first, "to", last] => (*name, number(first)?..=number(last)?),
            _ => return Err("routine NAME, or routine NAME from NUMBER to NUMBER".to_owned()),
        };
        Ok(Self { name: name.to_owned(), numbers, lines: Vec::new() })
    }
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '+' if rest.starts_with("+-") => 2,
            '+' | '-' | '*' | '(' | ')' => 1,
            _ => rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len()),
        };
        if length == 0 {
            return Err(format!("{first} has no meaning"));
        }
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after.trim_start();
    }
    Ok(tokens)
}

struct Reader<'a> {
    program: &'a Program,
    tokens: Vec<String>,
    place: usize,
}

/// A factor as it is written: c, or (k c - d), (c + d).
struct Factor {
    first: Source,
    times: u32,
    other: Option<(bool, Source)>,
}

impl Reader<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.place).map_or("", String::as_str)
    }

    fn take(&mut self, token: &str) -> bool {
        let is_there = self.peek() == token;
        self.place += usize::from(is_there);
        is_there
    }

    fn number(&mut self) -> u32 {
        let number = self.peek().parse().ok();
        self.place += usize::from(number.is_some());
        number.unwrap_or(1)
    }

    fn source(&mut self) -> Result<Source, String> {
        let name = self.peek().to_owned();
        self.place += 1;
        Ok(match name.as_str() {
            "tx" => Source::Entry(0),
            "ty" => Source::Entry(1),
            "tz" => Source::Entry(2),
            "tzz" => Source::Entry(3),
            "tzzz" => Source::Entry(4),
            "gx" => Source::Fixed(0),
            "gy" => Source::Fixed(1),
            name => Source::Register(self.program.register(name).ok_or_else(|| format!("{name:?} is no register"))?),
        })
    }

    fn factor(&mut self) -> Result<Factor, String> {
        if !self.take("(") {
            return Ok(Factor { first: self.source()?, times: 1, other: None });
        }
        let times = self.number();
        let first = self.source()?;
        let is_sum = self.take("+");
        if !is_sum && !self.take("-") {
            return Err("in brackets stand a sum or a difference".to_owned());
        }
        let other = self.source()?;
        if !self.take(")") {
            return Err("a bracket is not closed".to_owned());
        }
        Ok(Factor { first, times, other: Some((is_sum, other)) })
    }

    fn op(&mut self, to: u8, report: Report) -> Result<Op, String> {
        let is_signed = self.take("+-");
        let scale = self.number();
        if ![1, 2, 3, 4, 8].contains(&scale) {
            return Err(format!("a product counts 1, 2, 3, 4 or 8 times, not {scale}"));
        }
        let left = self.factor()?;
        if !self.take("*") {
            return Err("every line is a product".to_owned());
        }
        let right = self.factor()?;
        let mut of_d = None;
        let mut uses_d = |source: Source| match of_d.replace(source) {
            Some(before) if before != source => Err("there is one port for what is added to factors, and two registers for it".to_owned()),
            _ => Ok(()),
        };
        let left_form = match left.other {
            None => Left::Plain,
            Some((false, d)) if left.times == 1 => {
                uses_d(d)?;
                Left::Difference
            }
            Some(_) => return Err("the left factor is a or (a - d)".to_owned()),
        };
        let right_form = match (right.other, right.times) {
            (None, _) => Right::Plain,
            (Some((is_sum, d)), times) => {
                uses_d(d)?;
                match (is_sum, times) {
                    (true, 1) => Right::Sum,
                    (false, 1) => Right::Difference,
                    (false, 2) => Right::TwiceLess,
                    (false, 4) => Right::FourTimesLess,
                    _ => return Err("the right factor is c, (c + d), (c - d), (2 c - d) or (4 c - d)".to_owned()),
                }
            }
        };
        let (mut post, mut e, mut less_twice_d) = (Post::Nothing, None, false);
        while !self.peek().is_empty() {
            let is_plus = self.take("+");
            if !is_plus && !self.take("-") {
                return Err(format!("+ or - is expected, not {}", self.peek()));
            }
            let times = self.number();
            let source = self.source()?;
            let form = match (is_plus, times) {
                (true, 1) => Post::Plus,
                (false, 1) => Post::Minus,
                (false, 2) => Post::MinusTwice,
                (false, 8) => Post::MinusEight,
                _ => return Err("what is added is + e, - e, - 2 e or - 8 e".to_owned()),
            };
            if e.is_none() {
                (post, e) = (form, Some(source));
            } else if form == Post::MinusTwice && !less_twice_d {
                uses_d(source)?;
                less_twice_d = true;
            } else {
                return Err("the second term is - 2 d".to_owned());
            }
        }
        let d = of_d.unwrap_or(left.first);
        Ok(Op {
            to,
            a: left.first,
            c: right.first,
            d,
            e: e.unwrap_or(left.first),
            left: left_form,
            right: right_form,
            scale: scale as u8,
            is_signed,
            post,
            less_twice_d,
            report,
        })
    }
}

/// A port's address: 7 bits.
const fn address(source: Source) -> u8 {
    match source {
        Source::Register(number) => number,
        Source::Entry(part) => 0x78 | part,
        Source::Fixed(part) => 0x7e | part,
    }
}

/// Bits of an encoded line.
pub const OP_BITS: u32 = 5 * 7 + 1 + 3 + 3 + 1 + 3 + 1 + 3;

impl Op {
    /// How often the product counts, as the hardware is told: 0 to 4 for 1, 2, 3, 4, 8.
    #[must_use]
    pub const fn scale_code(&self) -> u8 {
        match self.scale {
            1 => 0,
            2 => 1,
            3 => 2,
            4 => 3,
            _ => 4,
        }
    }

    /// The line as the ROM has it, from the lowest bit on: to, a, c, d, e (7 bits each), left (1), right (3), scale ([`Op::scale_code`], 3), sign (1),
    /// post (3), less 2 d (1), report (3).
    #[must_use]
    pub fn encode(&self) -> u64 {
        let fields = [
            (self.to, 7),
            (address(self.a), 7),
            (address(self.c), 7),
            (address(self.d), 7),
            (address(self.e), 7),
            (self.left as u8, 1),
            (self.right as u8, 3),
            (self.scale_code(), 3),
            (u8::from(self.is_signed), 1),
            (self.post as u8, 3),
            (u8::from(self.less_twice_d), 1),
            (self.report as u8, 3),
        ];
        fields.iter().rev().fold(0, |word, (value, bits)| word << bits | u64::from(*value))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(number) => write!(f, "r{number}"),
            Self::Entry(part) => write!(f, "t.{part}"),
            Self::Fixed(part) => write!(f, "g.{part}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_of_the_verifier_is_read() {
        let program = Program::verifier();
        let lengths: Vec<_> = program.routines.iter().map(|(name, range)| (name.as_str(), range.len())).collect();
        let expected =
            [("add", 14), ("add_fixed", 11), ("begin", 3), ("check", 3), ("compare", 4), ("double", 8), ("first", 9), ("next", 70)];
        assert_eq!(lengths, expected);
        assert!(program.ops.iter().all(|op| op.encode() < 1 << OP_BITS));
        let distinct: BTreeSet<_> = program.ops.iter().map(Op::encode).collect();
        assert!(distinct.len() > 90, "{}", distinct.len());
    }

    #[test]
    fn what_the_datapath_cannot_do_is_refused() {
        for (line, reason) in [
            ("a = b * c + a", "is no register"),
            ("x = x * x + x - x", "the second term is - 2 d"),
            ("x = (x - y) * (x + z)", "there is one port"),
            ("x = 5 x * y", "not 5"),
            ("x = x", "every line is a product"),
            ("x = (x + y) * z", "the left factor"),
            ("x = x * (3 x - y)", "the right factor"),
            ("x = x * y + 2 z", "what is added"),
            ("x = x * y ! seldom", "nothing that can be told"),
            ("x = x * (y - z", "a bracket"),
            ("x = x % y", "no meaning"),
        ] {
            let error = Program::read(&format!("registers\n x y z\nroutine r\n {line}\n")).unwrap_err();
            assert!(error.what.contains(reason), "{line}: {error}");
        }
        assert!(Program::read("routine r\nroutine r\n").is_err());
        assert!(Program::read("registers\n x y x\n").is_err());
    }
}
