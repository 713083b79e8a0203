//! Constants as OpenCL C and as WGSL.

use std::fmt::Write as _;

use num_bigint::BigUint;

#[derive(Clone, Copy)]
pub enum Language {
    OpenClC,
    Wgsl,
}

impl Language {
    pub const fn folder(self) -> &'static str {
        match self {
            Self::OpenClC => "opencl",
            Self::Wgsl => "wgsl",
        }
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::OpenClC => "cl",
            Self::Wgsl => "wgsl",
        }
    }
}

/// A named constant with what is said of it.
pub struct Constant {
    pub name: String,
    pub value: Value,
    pub about: &'static str,
}

pub enum Value {
    Word(u32),
    /// 256 bits.
    Integer(BigUint),
    Words(Vec<u32>),
}

pub fn word(name: &str, value: u32, about: &'static str) -> Constant {
    Constant { name: name.to_owned(), value: Value::Word(value), about }
}

pub fn integer(name: &str, value: &BigUint, about: &'static str) -> Constant {
    Constant { name: name.to_owned(), value: Value::Integer(value.clone()), about }
}

pub fn words(name: &str, words: Vec<u32>, about: &'static str) -> Constant {
    Constant { name: name.to_owned(), value: Value::Words(words), about }
}

/// Eight limbs, the least first.
pub fn limbs(integer: &BigUint) -> Vec<u32> {
    assert!(integer.bits() <= 256, "{integer:x} has more than 256 bits");
    let mut limbs = integer.to_u32_digits();
    limbs.resize(8, 0);
    limbs
}

pub fn file(language: Language, constants: &[Constant]) -> String {
    let mut text = "// Generated from curves.toml by tests/generated; do not edit.\n".to_owned();
    for constant in constants {
        if !constant.about.is_empty() {
            let _ = write!(text, "\n// {}\n", constant.about);
        }
        constant.render(language, &mut text);
    }
    text
}

impl Constant {
    fn render(&self, language: Language, text: &mut String) {
        let name = &self.name;
        let _ = match (&self.value, language) {
            (Value::Word(word), Language::OpenClC) => writeln!(text, "#define {name} {}", literal(*word)),
            (Value::Word(word), Language::Wgsl) => writeln!(text, "const {name}: u32 = {};", literal(*word)),
            (Value::Integer(integer), _) => {
                let limbs = limbs(integer);
                if matches!(language, Language::OpenClC) {
                    for (place, limb) in limbs.iter().enumerate() {
                        let _ = writeln!(text, "#define {name}_{place} {}", literal(*limb));
                    }
                }
                array(language, name, &limbs, text)
            }
            (Value::Words(words), _) => array(language, name, words, text),
        };
    }
}

fn array(language: Language, name: &str, words: &[u32], text: &mut String) -> std::fmt::Result {
    let lines: Vec<_> = words.chunks(8).map(|line| line.iter().map(|word| literal(*word)).collect::<Vec<_>>().join(", ")).collect();
    let (length, body) = (words.len(), lines.join(",\n    "));
    match language {
        Language::OpenClC => writeln!(text, "CONSTANT uint {name}[{length}] = {{\n    {body},\n}};"),
        Language::Wgsl => writeln!(text, "const {name}: array<u32, {length}> = array<u32, {length}>(\n    {body},\n);"),
    }
}

fn literal(word: u32) -> String {
    if word < 4096 { format!("{word}u") } else { format!("0x{word:08x}u") }
}
