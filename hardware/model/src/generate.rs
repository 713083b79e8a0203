//! What the RTL includes: the curve, and the microprogram.

use crate::{
    curve::{Curve, DIGITS, PRODUCT_DIGITS},
    machine::{Outcome, RESULT_DEPTH},
    program::{OP_BITS, Program, Report},
    recode::{FIXED_POINTS, FIXED_WINDOWS},
    wire::{COMMANDS_MAX, KIND_ITEM, KIND_POINT, KIND_WORD},
};

/// Digits from 2^256 on that `fold_low` takes; `fold_high` takes the others, in the same cycle.
const FOLDED_FIRST: usize = 4;

/// `curve.svh`: the prime, how 2^256 folds, and the columns of a folded product.
///
/// # Panics
/// Where the order is above the prime: the RTL compares c with what lies between them.
#[must_use]
pub fn curve_header(curve: &Curve) -> String {
    let matrix = curve.fold_matrix();
    let mut text = format!("// The curve {}, as the model has it. Generated.\n`ifndef CURVE_SVH\n`define CURVE_SVH\n", curve.name);
    assert!(curve.p > curve.n, "c + n is compared where it is below p");
    let constants = [("PRIME", curve.p), ("ORDER", curve.n), ("GAP", curve.p.sub(&curve.n).0)];
    text += "\n/* verilator lint_off UNUSEDPARAM */\n";
    text.extend(constants.map(|(name, word)| format!("localparam logic [255:0] {name} = 256'h{word};\n")));
    text += "/* verilator lint_on UNUSEDPARAM */\n";
    text += "\nfunction automatic int fold(input int column);\n    case (column)\n";
    text.extend(matrix[0].iter().enumerate().map(|(column, coefficient)| format!("        {column}: fold = {coefficient};\n")));
    text += "        default: fold = 0;\n    endcase\nendfunction\n";
    // Each function takes the whole product, and looks at its part.
    text += "\n/* verilator lint_off UNUSEDSIGNAL */";
    for (name, digits) in [("fold_low", 0..FOLDED_FIRST), ("fold_high", FOLDED_FIRST..PRODUCT_DIGITS - DIGITS)] {
        text += &format!(
            "\nfunction automatic logic signed [43:0] {name}(input int column, input logic [531:0] product);\n    case (column)\n"
        );
        let case = |column: usize| {
            let own = (digits.start == 0).then(|| digit(column));
            let folded = digits.clone().filter(|digit| matrix[*digit][column] != 0);
            let folded = folded.map(|index| format!("({}) * {}", matrix[index][column], digit(DIGITS + index)));
            let terms: Vec<String> = own.into_iter().chain(folded).collect();
            let sum = if terms.is_empty() { "44'sd0".to_owned() } else { terms.join(" + ") };
            format!("        {column}: {name} = {sum};\n")
        };
        text.extend((0..DIGITS).map(case));
        text += &format!("        default: {name} = '0;\n    endcase\nendfunction\n");
    }
    text + "/* verilator lint_on UNUSEDSIGNAL */\n`endif\n"
}

/// A digit of the product as a signed number. The last one has the bits that the multiplier has.
fn digit(index: usize) -> String {
    let (low, high) = (32 * index, (32 * index + 31).min(531));
    format!("$signed({{{}'b0, product[{high}:{low}]}})", 44 - (high - low + 1))
}

/// The routines that the sequencer goes to; those before them are gone through once, from the first line on.
const ROUTINES: [&str; 5] = ["begin", "double", "add", "add_fixed", "compare"];

/// Registers that are loaded or whose number is counted from.
const REGISTERS: [&str; 4] = ["qx", "qy", "c", "t0x"];

/// `program.svh`: the ROM, where routines and registers stand in it, and the numbers of packets and results.
///
/// # Panics
/// Where the microprogram is none for this sequencer.
#[must_use]
pub fn program_header(program: &Program) -> String {
    let lines_of = |name: &str| program.routines[name].clone();
    let prologue = ["check", "first", "next"].map(lines_of);
    assert!(prologue[0].start == 0 && prologue.windows(2).all(|pair| pair[0].end == pair[1].start), "an item begins with these");
    let mut text = "// The microprogram, as the model has it. Generated.\n`ifndef PROGRAM_SVH\n`define PROGRAM_SVH\n\n/* verilator lint_off UNUSEDPARAM */\n".to_owned();
    let mut number = |kind: &str, name: String, value: usize| text += &format!("localparam {kind} {name} = {value};\n");
    number("int", "LINE_BITS".to_owned(), OP_BITS as usize + 1);
    number("int", "RESULT_DEPTH".to_owned(), RESULT_DEPTH as usize);
    number("int", "POINTS".to_owned(), FIXED_WINDOWS * FIXED_POINTS);
    for name in ROUTINES {
        number("logic [6:0]", name.to_uppercase(), lines_of(name).start);
    }
    for name in REGISTERS {
        let register = program.register(name).expect("a register of the microprogram");
        number("logic [6:0]", format!("REGISTER_{}", name.to_uppercase()), register.into());
    }
    let reports =
        [("R_OFF_CURVE", Report::OffCurve), ("R_EQUAL", Report::Equal), ("R_IS_C", Report::IsC), ("R_IS_C_PLUS_N", Report::IsCPlusN)];
    for (name, report) in reports {
        number("logic [2:0]", name.to_owned(), report as usize);
    }
    for (name, kind) in [("KIND_ITEM", KIND_ITEM), ("KIND_POINT", KIND_POINT), ("KIND_WORD", KIND_WORD)] {
        number("logic [7:0]", name.to_owned(), kind.into());
    }
    number("logic [7:0]", "COMMANDS_MAX".to_owned(), COMMANDS_MAX);
    let outcomes = ["VALID", "MISMATCH", "KEY_RANGE", "OFF_CURVE", "SCALAR_RANGE", "UNDECIDED", "BROKEN", "MALFORMED"];
    for (name, outcome) in outcomes.into_iter().zip(Outcome::ALL) {
        number("logic [7:0]", name.to_owned(), outcome.code().into());
    }
    text += "/* verilator lint_on UNUSEDPARAM */\n\n";
    // The highest bit: a routine ends here, or what an item begins with.
    text += &format!("function automatic logic [{OP_BITS}:0] rom_line(input logic [6:0] pc);\n    case (pc)\n");
    let ends: Vec<usize> = ROUTINES.into_iter().chain(["next"]).map(|name| lines_of(name).end - 1).collect();
    for (pc, op) in program.ops.iter().enumerate() {
        let word = op.encode() | u64::from(ends.contains(&pc)) << OP_BITS;
        text += &format!("        {pc}: rom_line = {}'h{word:x};\n", OP_BITS + 1);
    }
    text + "        default: rom_line = '0;\n    endcase\nendfunction\n`endif\n"
}
