//! What `src/layout.rs` says, and the codes of verdicts.

use chainbox_engine::verdict::{Reason, Verdict};
use chainbox_kernels::layout::{
    DIGEST_WORDS, FLAG_DER, FLAG_LOW_S, FLAG_MESSAGES, G_MULTIPLES, G_WINDOWS, GROUP_LANES, KEY_MULTIPLES, KEY_TABLE_WORDS, KEY_WINDOWS,
    PARAM_NAMES, PARAM_WORDS, POINT_WORDS, RATE_CHAINS, RATE_ROUNDS, RECOVER_WORDS, UNDECIDED, VERIFY_WORDS, WORK, WORK_WORDS,
};

use crate::render::{Constant, word};

pub fn constants() -> Vec<Constant> {
    let mut constants = vec![
        word("GROUP_LANES", GROUP_LANES as u32, "Lanes of a group."),
        word("UNDECIDED", UNDECIDED, "The code of an item that is left to the host."),
        word("FLAG_MESSAGES", FLAG_MESSAGES, "Bits of the flags."),
        word("FLAG_DER", FLAG_DER, ""),
        word("FLAG_LOW_S", FLAG_LOW_S, ""),
        word("PARAM_WORDS", PARAM_WORDS as u32, "Words of the params."),
        word("VERIFY_WORDS", VERIFY_WORDS as u32, "Words of an answer."),
        word("RECOVER_WORDS", RECOVER_WORDS as u32, ""),
        word("DIGEST_WORDS", DIGEST_WORDS as u32, ""),
        word("POINT_WORDS", POINT_WORDS as u32, "The tables of G and of known keys."),
        word("G_WINDOWS", G_WINDOWS as u32, ""),
        word("G_MULTIPLES", G_MULTIPLES as u32, ""),
        word("KEY_WINDOWS", KEY_WINDOWS as u32, ""),
        word("KEY_MULTIPLES", KEY_MULTIPLES as u32, ""),
        word("KEY_TABLE_WORDS", KEY_TABLE_WORDS as u32, ""),
    ];
    for (place, name) in PARAM_NAMES.iter().enumerate() {
        let about = if place == 0 { "Places in the params." } else { "" };
        constants.push(word(&format!("PARAM_{}", name.to_uppercase()), place as u32, about));
    }
    constants.push(word(
        "RATE_CHAINS",
        RATE_CHAINS,
        "The kernel that measures a device's rate: chains of multiply-adds, and how many each has.",
    ));
    constants.push(word("RATE_ROUNDS", RATE_ROUNDS, ""));
    let mut at = 0;
    for (place, (name, words)) in WORK.iter().enumerate() {
        let about = if place == 0 { "What kernels keep of a lane: the first word of each part." } else { "" };
        constants.push(word(&format!("WORK_{name}"), at as u32, about));
        at += words;
    }
    constants.push(word("WORK_WORDS", WORK_WORDS as u32, ""));
    constants.push(word("CODE_VALID", u32::from(Verdict::Valid.code()), "Codes of verdicts."));
    for reason in Reason::ALL.iter().filter(|reason| **reason <= Reason::Equation) {
        constants.push(word(&format!("REASON_{}", screaming(reason.name())), *reason as u32, ""));
    }
    constants
}

fn screaming(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}
