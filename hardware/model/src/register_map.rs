//! The description of the card's registers, and what is generated from it: constants for the RTL, constants for Rust ([`crate::registers`]), a document.

use std::fmt::Write;

use crate::program::ProgramError;

/// The description.
pub const REGISTERS: &str = include_str!("../registers.txt");

/// The text `CBFV`.
pub const IDENTITY: u32 = u32::from_be_bytes(*b"CBFV");

/// The version of registers, packets and results. It changes where a driver of the one before would go wrong.
pub const VERSION: u32 = 1;

/// Clocks that `flush` says after a reset of the shell: 0.1 ms at 250 MHz.
pub const FLUSH_AT_RESET: u32 = 25_000;

/// How a register behaves; the description says what each kind means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It never changes.
    Constant,
    /// Read and written.
    Setting,
    /// Bits ask for something.
    Control,
    /// How things stand.
    State,
    /// Bits stay until they are cleared.
    Sticky,
    /// Two words.
    Counter,
}

/// A bit of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bit {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// What it means.
    pub meaning: String,
}

/// A register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Its address, in bytes.
    pub address: u16,
    /// Its name.
    pub name: String,
    /// How it behaves.
    pub kind: Kind,
    /// What it means.
    pub meaning: String,
    /// Its bits, where they have names.
    pub bits: Vec<Bit>,
}

/// Reads a description. Counters stand last and one behind the other, so that a number tells which one is meant.
///
/// # Errors
/// [`ProgramError`] with the line.
pub fn read(text: &str) -> Result<Vec<Register>, ProgramError> {
    let mut registers: Vec<Register> = Vec::new();
    let mut free = 0;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
        let error = |what: String| ProgramError { line: index + 1, what };
        let mut rest = line.trim();
        let mut word = || {
            let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            rest = behind.trim_start();
            word
        };
        if line.starts_with(' ') {
            let (number, name) = (word(), word());
            let register = registers.last_mut().ok_or_else(|| error("a bit of no register".to_owned()))?;
            let number = number.parse().ok().filter(|number| *number < 32).ok_or_else(|| error(format!("{number} is no bit")))?;
            if register.bits.iter().any(|bit| bit.number == number || bit.name == name) {
                return Err(error(format!("{name}: there is one already")));
            }
            register.bits.push(Bit { number, name: name.to_owned(), meaning: rest.to_owned() });
            continue;
        }
        let (address, name, kind) = (word(), word(), word());
        let kind = match kind {
            "constant" => Kind::Constant,
            "setting" => Kind::Setting,
            "control" => Kind::Control,
            "state" => Kind::State,
            "sticky" => Kind::Sticky,
            "counter" => Kind::Counter,
            other => return Err(error(format!("{other} is no kind of register"))),
        };
        let number = address.strip_prefix("0x").and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let number = number.filter(|number| number.is_multiple_of(4) && *number < 1 << 12);
        let number = number.ok_or_else(|| error(format!("{address} is no address: a multiple of 4 below 0x1000")))?;
        let has_counters = registers.last().is_some_and(|last| last.kind == Kind::Counter);
        if number < free || (has_counters && (kind != Kind::Counter || number != free)) {
            return Err(error(format!("{address} is not behind the register before it")));
        }
        if registers.iter().any(|register| register.name == name) {
            return Err(error(format!("{name}: there is one already")));
        }
        free = number + if kind == Kind::Counter { 8 } else { 4 };
        registers.push(Register { address: number, name: name.to_owned(), kind, meaning: rest.to_owned(), bits: Vec::new() });
    }
    Ok(registers)
}

/// The registers of the card.
///
/// # Panics
/// Never: the description is a part of this crate, and tests read it.
#[must_use]
pub fn card() -> Vec<Register> {
    read(REGISTERS).expect("the description of the registers is right")
}

fn counters(registers: &[Register]) -> impl Iterator<Item = &Register> {
    registers.iter().filter(|register| register.kind == Kind::Counter)
}

/// `registers.svh`: addresses, bits, and numbers of counters.
#[must_use]
pub fn header(registers: &[Register], curve_code: u32, credits_an_engine: usize) -> String {
    let mut text =
        "// The registers, as model/registers.txt has them. Generated.\n`ifndef REGISTERS_SVH\n`define REGISTERS_SVH\n\n/* verilator lint_off UNUSEDPARAM */\n"
            .to_owned();
    let mut line = |kind: &str, name: String, value: String| {
        let _ = writeln!(text, "localparam {kind} {name} = {value};");
    };
    let word = "logic [31:0]";
    line(word, "IDENTITY".to_owned(), format!("32'h{IDENTITY:08x}"));
    line(word, "VERSION".to_owned(), format!("32'd{VERSION}"));
    line(word, "CURVE".to_owned(), format!("32'd{curve_code}"));
    line(word, "CREDITS_AN_ENGINE".to_owned(), format!("32'd{credits_an_engine}"));
    line(word, "FLUSH_AT_RESET".to_owned(), format!("32'd{FLUSH_AT_RESET}"));
    for register in registers.iter().filter(|register| register.kind != Kind::Counter) {
        let name = register.name.to_uppercase();
        line("logic [11:0]", format!("A_{name}"), format!("12'h{:03x}", register.address));
        for bit in &register.bits {
            line("int", format!("{name}_{}", bit.name.to_uppercase()), bit.number.to_string());
        }
    }
    let first = counters(registers).next().map_or(0, |register| register.address);
    line("logic [11:0]", "A_COUNTERS".to_owned(), format!("12'h{first:03x}"));
    line("int", "COUNTERS".to_owned(), counters(registers).count().to_string());
    for (number, register) in counters(registers).enumerate() {
        line("int", format!("C_{}", register.name.to_uppercase()), number.to_string());
    }
    text + "/* verilator lint_on UNUSEDPARAM */\n`endif\n"
}

/// `src/registers.rs`.
#[must_use]
pub fn rust(registers: &[Register]) -> String {
    let mut text = "//! The card's registers, as `registers.txt` has them. Generated: `CHAINBOX_WRITE_GENERATED=1 cargo test -p chainbox-fpga-model`.\n".to_owned();
    for register in registers {
        let (name, kind) = (register.name.to_uppercase(), format!("{:?}", register.kind).to_lowercase());
        let _ = write!(text, "\n/// {kind}: {}.\npub const {name}: u16 = 0x{:03x};\n", register.meaning, register.address);
        for bit in &register.bits {
            let _ = write!(
                text,
                "/// A bit of [`{name}`]: {}.\npub const {name}_{}: u32 = 1 << {};\n",
                bit.meaning,
                bit.name.to_uppercase(),
                bit.number
            );
        }
    }
    let all: Vec<String> =
        counters(registers).map(|register| format!("    (\"{}\", {}),\n", register.name, register.name.to_uppercase())).collect();
    let _ = write!(
        text,
        "\n/// The counters, by name and address.\npub const COUNTERS: [(&str, u16); {}] = [\n{}];\n",
        all.len(),
        all.concat()
    );
    text
}

/// `registers.md`.
#[must_use]
pub fn document(registers: &[Register]) -> String {
    let mut text = "# The registers of the card\n\nGenerated from [model/registers.txt](model/registers.txt): `CHAINBOX_WRITE_GENERATED=1 cargo test -p chainbox-fpga-model`.\n".to_owned();
    text += "AXI4-Lite, 32 bits a word, addresses in bytes. What is no register reads 0; writing it does nothing.\n\n";
    text += "- *constant*: what the card is. *setting*: read and written. *state*: how things stand.\n";
    text += "- *control*: a bit that is written 1 asks for something, and reads 1 until that is done.\n";
    text += "- *sticky*: a bit stays 1 once it was, until `clear` of `control` is written; a reset leaves it.\n";
    text += "- *counter*: two words, the lower one first: a number of 64 bits as it was when `snapshot` of `control` was last written; a reset leaves it.\n\n";
    text += "| address | name | kind | |\n|---|---|---|---|\n";
    for register in registers {
        let kind = format!("{:?}", register.kind).to_lowercase();
        let _ = writeln!(text, "| 0x{:03x} | {} | {kind} | {} |", register.address, register.name, register.meaning);
        for bit in &register.bits {
            let _ = writeln!(text, "| | {}, bit {} | | {} |", bit.name, bit.number, bit.meaning);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_description_is_said_with_its_line() {
        for (text, line, what) in [
            ("0x0 a constant\n0x6 b constant", 2, "0x6 is no address"),
            ("0x4 a constant\n0x4 b state", 2, "not behind"),
            ("0x0 a counter\n0x4 b counter", 2, "not behind"),
            ("0x0 a counter\n0x8 b state", 2, "not behind"),
            ("0x0 a constant\n0x4 a state", 2, "already"),
            ("# a comment\n0x0 a magic", 2, "magic is no kind"),
            ("    0 bit", 1, "no register"),
            ("0x0 a state\n    32 b", 2, "32 is no bit"),
            ("0x0 a state\n    1 b\n    1 c", 3, "already"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.what.contains(what), "{text}: {error}");
        }
    }
}
