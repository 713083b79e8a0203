//! Kernel functions one by one: lanes of distinct arguments, edges among them, against big integers or the engine.

mod bytes;
mod digits;
mod field;
mod groups;
mod hashes;
mod limbs;
mod points;
mod rate;
mod scalars;

use chainbox_engine::field::lanes::portable::FourLimbs;
use chainbox_kernels::{
    device::Device,
    program::{Curve, Purpose},
};
use num_bigint::BigUint;

use crate::{
    devices::{OnDevice, compile, launch, on_every_device},
    programs, values,
};

/// Whether the words of an answer are right for the words of its arguments.
type Check = Box<dyn Fn(&[u32], &[u32]) -> Result<(), String>>;

/// A function with the arguments to try.
struct Function {
    /// The kernel.
    kernel: &'static str,
    lanes: Vec<Vec<u32>>,
    /// What stands in the input after the arguments of all lanes.
    bytes: Vec<u8>,
    answer_words: usize,
    check: Check,
}

impl Function {
    /// A function whose answer is determined to the bit.
    fn exact(kernel: &'static str, lanes: Vec<Vec<u32>>, answer_words: usize, expected: impl Fn(&[u32]) -> Vec<u32> + 'static) -> Self {
        Self::checked(kernel, lanes, answer_words, move |arguments, answer| {
            let expected = expected(arguments);
            if expected == answer { Ok(()) } else { Err(format!("expected {}", hex(&expected))) }
        })
    }

    fn checked(
        kernel: &'static str,
        lanes: Vec<Vec<u32>>,
        answer_words: usize,
        check: impl Fn(&[u32], &[u32]) -> Result<(), String> + 'static,
    ) -> Self {
        Self { kernel, lanes, bytes: Vec::new(), answer_words, check: Box::new(check) }
    }

    /// Puts bytes after the arguments; the arguments at these places are addresses in them, or with `true` word addresses.
    fn over(mut self, mut bytes: Vec<u8>, addresses: &[(usize, bool)]) -> Self {
        let begin = 4 * self.lanes.len() * self.lanes[0].len();
        for lane in &mut self.lanes {
            for &(place, in_words) in addresses {
                lane[place] += (if in_words { begin / 4 } else { begin }) as u32;
            }
        }
        // Kernels read whole words.
        bytes.resize(bytes.len().next_multiple_of(4) + 8, 0xee);
        self.bytes = bytes;
        self
    }
}

/// Some functions of a curve, compiled as one program.
struct Part {
    curve: Curve,
    kernels: &'static [&'static str],
    functions: Vec<Function>,
}

impl OnDevice for Part {
    fn run<D: Device>(&self, name: &str, device: D) {
        let compiled = compile(&device, Purpose::Harness(self.curve, self.kernels));
        for (place, (kernel, function)) in self.kernels.iter().zip(&self.functions).enumerate() {
            assert_eq!(*kernel, function.kernel);
            let mut input: Vec<u32> = function.lanes.concat();
            input.extend(function.bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)));
            let answers = launch(&device, &compiled.0, place, &input, function.lanes.len(), function.answer_words);
            for (lane, (arguments, answer)) in function.lanes.iter().zip(&answers).enumerate() {
                (function.check)(arguments, answer).unwrap_or_else(|what| {
                    panic!("{name}: {kernel} on {}, lane {lane}: {} gave {}: {what}", self.curve.name(), hex(arguments), hex(answer))
                });
            }
        }
    }
}

/// Tries functions on every device. `kernels` are theirs, in order.
fn try_all(curve: Curve, kernels: &'static [&'static str], functions: Vec<Function>) {
    assert_eq!(kernels.len(), functions.len());
    let purpose = Purpose::Harness(curve, kernels);
    assert!(
        programs::all().contains(&purpose) || Purpose::all().contains(&purpose),
        "there is no PTX of {purpose:?}: name it in programs.rs"
    );
    on_every_device(&Part { curve, kernels, functions });
}

fn hex(words: &[u32]) -> String {
    words.iter().map(|word| format!("{word:08x}")).collect::<Vec<_>>().join(" ")
}

/// A test of each function of a module for each curve.
macro_rules! for_each_curve {
    ($test:ident) => {
        #[test]
        fn secp256k1() {
            $test::<chainbox_engine::curve::Secp256k1>(chainbox_kernels::program::Curve::Secp256k1);
        }

        #[test]
        fn p256() {
            $test::<chainbox_engine::curve::P256>(chainbox_kernels::program::Curve::P256);
        }

        #[test]
        fn sm2() {
            $test::<chainbox_engine::curve::Sm2>(chainbox_kernels::program::Curve::Sm2);
        }
    };
}
use for_each_curve;

/// An element of the engine's field as the words of a device, which keeps it in the same form.
fn words_of(element: &impl FourLimbs) -> [u32; 8] {
    let limbs = element.packed();
    std::array::from_fn(|word| (limbs[word / 2] >> (32 * (word % 2))) as u32)
}

/// The element that words of a device stand for.
fn element_of<F: FourLimbs>(words: &[u32]) -> F {
    F::from_packed(&limbs_of(words))
}

fn limbs_of(words: &[u32]) -> [u64; 4] {
    std::array::from_fn(|limb| u64::from(words[2 * limb]) | u64::from(words[2 * limb + 1]) << 32)
}

fn words_of_limbs(limbs: &[u64; 4]) -> [u32; 8] {
    std::array::from_fn(|word| (limbs[word / 2] >> (32 * (word % 2))) as u32)
}

fn integer_of(limbs: &[u64; 4]) -> BigUint {
    values::integer(&words_of_limbs(limbs))
}

/// Lists of integers as the words of lanes.
fn lanes(lists: Vec<Vec<BigUint>>) -> Vec<Vec<u32>> {
    lists.into_iter().map(|list| list.iter().flat_map(values::words).collect()).collect()
}
