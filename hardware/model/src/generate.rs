//! What the RTL includes of a curve.

use crate::curve::{Curve, DIGITS, PRODUCT_DIGITS};

/// Digits from 2^256 on that `fold_low` takes; `fold_high` takes the others, in the same cycle.
const FOLDED_FIRST: usize = 4;

/// `curve.svh`: the prime, how 2^256 folds, and the columns of a folded product.
#[must_use]
pub fn curve_header(curve: &Curve) -> String {
    let matrix = curve.fold_matrix();
    let mut text = format!("// The curve {}, as the model has it. Generated.\n", curve.name);
    text += &format!("localparam logic [255:0] P = 256'h{};\n", curve.p);
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
    text + "/* verilator lint_on UNUSEDSIGNAL */\n"
}

/// A digit of the product as a signed number. The last one has the bits that the multiplier has.
fn digit(index: usize) -> String {
    let (low, high) = (32 * index, (32 * index + 31).min(531));
    format!("$signed({{{}'b0, product[{high}:{low}]}})", 44 - (high - low + 1))
}
