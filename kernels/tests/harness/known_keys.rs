//! Tables of known keys: the product with a table gives the answers of the product without, and an item's table is the one that its slot names.

use std::{collections::HashSet, iter::successors, time::Duration};

use chainbox_engine::{
    backend::known_answers::{self, KnownAnswer},
    batch::{Encoding, Input},
    curve::{Group, P256, Secp256k1, Sm2, point::Jacobian},
    field::lanes::portable::FourLimbs,
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_kernels::{
    device::{Device, Launch, SlotBytes},
    layout::{
        FLAG_DER, FLAG_LOW_S, FLAG_MESSAGES, G_MULTIPLES, G_WINDOWS, GROUP_LANES, KEY_TABLE_WORDS, POINT_WORDS, Params, UNDECIDED,
        VERIFY_WORDS, WORK_WORDS,
    },
    program::{Curve, Program, Purpose},
};

use crate::devices::{OnDevice, POISON, compile, on_every_device};

/// A launch that takes longer hangs.
const TIME_MAX: Duration = Duration::from_secs(300);

/// Lanes for some items: a group for the table of each of their keys.
const ITEMS_MAX: usize = 32;

/// What stands in the input of a submission, and where.
#[derive(Default)]
struct Packed {
    words: Vec<u32>,
    bytes: Vec<u8>,
    params: Params,
}

impl Packed {
    fn new(answers: &[&KnownAnswer], slots: &[u32]) -> Self {
        let mut packed = Self::default();
        let items = answers.len() as u32;
        let shape = answers[0].item.shape;
        let flags =
            [(shape.input == Input::Message, FLAG_MESSAGES), (shape.encoding == Encoding::Der, FLAG_DER), (shape.low_s, FLAG_LOW_S)];
        let order_at = packed.words((0..items).rev());
        let (key_ends_at, keys_at) = packed.column(answers.iter().map(|answer| &answer.item.key[..]));
        let (input_ends_at, inputs_at) = packed.column(answers.iter().map(|answer| &answer.item.input[..]));
        let (signature_ends_at, signatures_at) = packed.column(answers.iter().map(|answer| &answer.item.signature[..]));
        let (id_ends_at, ids_at) = packed.column(answers.iter().map(|answer| answer.item.id.as_deref().unwrap_or_default()));
        let key_slots_at = packed.words(slots.iter().copied());
        // Each item's key gets its table, some of them more than once: the lane that has item i is the one that the order says.
        let turn = packed.words((0..items).flat_map(|item| [items - 1 - item, slots[item as usize]]));
        let first_byte = 4 * packed.words.len() as u32;
        packed.params = Params {
            items,
            lanes: (ITEMS_MAX * GROUP_LANES) as u32,
            flags: flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum(),
            order_at,
            key_ends_at,
            keys_at: first_byte + keys_at,
            input_ends_at,
            inputs_at: first_byte + inputs_at,
            signature_ends_at,
            signatures_at: first_byte + signatures_at,
            id_ends_at,
            ids_at: first_byte + ids_at,
            key_slots_at,
            key_tables_at: (G_WINDOWS * G_MULTIPLES * POINT_WORDS) as u32,
            turn,
            generator_at: 0,
        };
        packed
    }

    fn words(&mut self, words: impl Iterator<Item = u32>) -> u32 {
        let at = self.words.len() as u32;
        self.words.extend(words);
        at
    }

    /// The word where the ends begin, and the byte where the strings do.
    fn column<'a>(&mut self, strings: impl Iterator<Item = &'a [u8]>) -> (u32, u32) {
        let bytes_at = self.bytes.len() as u32;
        let mut ends = Vec::new();
        for string in strings {
            self.bytes.extend_from_slice(string);
            ends.push(self.bytes.len() as u32 - bytes_at);
        }
        (self.words(ends.into_iter()), bytes_at)
    }

    fn input(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).chain(self.bytes.iter().copied()).collect();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }
}

/// The table of G, and room for the tables of keys.
fn tables<G: Group>(keys: usize) -> (Vec<u8>, usize) {
    let mut rows = Vec::new();
    let mut base = G::G;
    for _ in 0..G_WINDOWS {
        let multiples: Vec<_> =
            successors(Some(Jacobian::from(base)), |multiple| Some(multiple.add_affine(&base))).take(G_MULTIPLES).collect();
        // Twice 128*base is the base of the next window.
        base = multiples[G_MULTIPLES - 1].double().to_affine_var();
        rows.extend(multiples);
    }
    let affine = Jacobian::to_affine_all_var(&rows);
    let bytes: Vec<u8> = affine.iter().flat_map(|row| [row.x.packed(), row.y.packed()]).flatten().flat_map(u64::to_le_bytes).collect();
    let bytes_max = bytes.len() + 4 * keys * KEY_TABLE_WORDS;
    (bytes, bytes_max)
}

/// The answers by the multiples of each key, and by its table.
fn both_ways<D: Device, G: Group>(device: &D, curve: Curve, answers: &[&KnownAnswer]) -> [Vec<[u32; VERIFY_WORDS]>; 2] {
    let verify = compile(device, Purpose::Verify(curve));
    let known = compile(device, Purpose::KnownKeys(curve));
    let items = answers.len();
    // Not the item's own number, so that a mix-up shows.
    let slots: Vec<u32> = (0..items as u32).map(|item| (item + 1) % items as u32).collect();
    let packed = Packed::new(answers, &slots);
    let input = packed.input();
    let (contents, bytes) = tables::<G>(items);
    let tables = device.tables(bytes, &contents).unwrap();
    let lanes = packed.params.lanes as usize;
    let slot_bytes = SlotBytes { input: input.len(), work: 4 * WORK_WORDS * lanes, output: 4 * VERIFY_WORDS * items };
    let launches = |program: &Program, names: &[&str], groups: usize| -> Vec<Launch> {
        names.iter().map(|name| Launch { kernel: program.kernel(name), groups: groups as u32, params: packed.params }).collect()
    };
    let groups = items.div_ceil(GROUP_LANES);
    [false, true].map(|is_known| {
        let mut slot = device.slot(slot_bytes, &tables).unwrap();
        device
            .submit(&verify.0, &mut slot, &input, &launches(&verify.1, &["parse_items", "hash_inputs", "scalars"], groups), 0, 0)
            .unwrap();
        if is_known {
            device.submit(&known.0, &mut slot, &[], &launches(&known.1, &["key_tables"], items), 0, 0).unwrap();
            device.submit(&known.0, &mut slot, &[], &launches(&known.1, &["known_product"], groups), 0, 0).unwrap();
        } else {
            device.submit(&verify.0, &mut slot, &[], &launches(&verify.1, &["key_multiples", "double_product"], groups), 0, 0).unwrap();
        }
        device.submit(&verify.0, &mut slot, &[], &launches(&verify.1, &["decide"], groups), slot_bytes.output, POISON).unwrap();
        let output = device.wait(&mut slot, TIME_MAX).unwrap();
        let words: Vec<u32> = output.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        words.as_chunks().0.to_vec()
    })
}

struct KnownKeys;

impl KnownKeys {
    fn check<D: Device, G: Group>(name: &str, device: &D, curve: Curve, scheme: Scheme) {
        let of_scheme: Vec<_> = known_answers::all().iter().filter(|answer| answer.item.shape.scheme == scheme).collect();
        let mut valid = 0;
        for shape in of_scheme.iter().map(|answer| answer.item.shape).collect::<HashSet<_>>() {
            let answers: Vec<_> = of_scheme.iter().copied().filter(|answer| answer.item.shape == shape).collect();
            let [plain, known] = both_ways::<D, G>(device, curve, &answers);
            for (item, (answer, (plain, known))) in answers.iter().zip(plain.iter().zip(&known)).enumerate() {
                let verdict = answer.verdict;
                let context = format!("{name}, {curve:?}, {shape:?}, item {item}");
                for code in [plain[0], known[0]] {
                    let is_left = code == UNDECIDED && verdict == Verdict::Invalid(Reason::RIsIdentity);
                    assert!(is_left || code == u32::from(verdict.code()), "{context}: {verdict:?} answered as {code}");
                }
                if verdict.is_valid() {
                    valid += 1;
                    assert_eq!(plain, known, "{context}");
                }
            }
        }
        assert!(valid > 4, "{name}: {valid} valid items");
    }
}

impl OnDevice for KnownKeys {
    fn run<D: Device>(&self, name: &str, device: D) {
        Self::check::<D, Secp256k1>(name, &device, Curve::Secp256k1, Scheme::EcdsaSecp256k1Keccak256);
        Self::check::<D, P256>(name, &device, Curve::P256, Scheme::EcdsaP256Sha256);
        Self::check::<D, Sm2>(name, &device, Curve::Sm2, Scheme::Sm2Sm3);
    }
}

#[test]
fn tables_of_known_keys_give_the_same_answers() {
    on_every_device(&KnownKeys);
}
