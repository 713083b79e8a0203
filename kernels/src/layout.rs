//! What host and kernels agree on: buffers, words, places. The kernels have it from the generated constants.

/// Lanes of a group, in every kernel.
pub const GROUP_LANES: usize = 64;

/// The verdict code of an item that a kernel leaves to the host: an addition met equal or opposite points. Such points are an attacker's choice.
pub const UNDECIDED: u32 = 255;

/// What every kernel is told, as words of 32 bits in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Params {
    /// The items of the submission; lanes beyond take part in what groups do together and write nothing.
    pub items: u32,
    /// The lanes of the work buffer: word `w` of lane `l` stands at `w * lanes + l`. A multiple of the group's lanes, at least `items`.
    pub lanes: u32,
    /// Bits, see the constants `FLAG_*`.
    pub flags: u32,
    /// In the input, in words: for each lane, the item that it has.
    pub order_at: u32,
    /// In the input, in words: for each item, where its key ends, in bytes from the first key.
    pub key_ends_at: u32,
    /// In the input, in bytes: the first key.
    pub keys_at: u32,
    /// The same of messages or digests.
    pub input_ends_at: u32,
    /// The same of messages or digests.
    pub inputs_at: u32,
    /// The same of signatures.
    pub signature_ends_at: u32,
    /// The same of signatures.
    pub signatures_at: u32,
    /// The same of SM2 ids.
    pub id_ends_at: u32,
    /// The same of SM2 ids.
    pub ids_at: u32,
    /// In the input, in words: for each item, the slot of its key's table in the tables; the table of known keys begins at `key_tables_at` words.
    pub key_slots_at: u32,
    /// In the tables, in words: the tables of known keys.
    pub key_tables_at: u32,
    /// Of what a kernel does in turns: which one.
    pub turn: u32,
    /// In the tables, in words: the table of G of the program's curve.
    pub generator_at: u32,
    /// The bytes of the input: no string ends beyond them, whatever became of its ends on the device.
    pub input_bytes: u32,
    /// The places of tables of known keys.
    pub key_places: u32,
}

/// The words of [`Params`].
pub const PARAM_WORDS: usize = 18;

/// The inputs are messages, to be hashed; otherwise digests.
pub const FLAG_MESSAGES: u32 = 1;
/// The signatures are DER; otherwise r||s.
pub const FLAG_DER: u32 = 2;
/// The policy `low-s`.
pub const FLAG_LOW_S: u32 = 4;

/// Words of an answer of verification: the verdict's code, then the least and the next word of the r that the kernels computed.
pub const VERIFY_WORDS: usize = 3;
/// Words of an answer of recovery: the verdict's code, then x and y of the key, each as eight words, the least first.
pub const RECOVER_WORDS: usize = 17;
/// Words of a digest, each read big-endian.
pub const DIGEST_WORDS: usize = 8;

/// What kernels keep in the work buffer for each lane, and in how many words, one after the other: a name is the constant `WORK_NAME` of the kernels.
pub const WORK: &[(&str, usize)] = &[
    // The code of the first check that failed, 0 while none did; UNDECIDED where the host must decide.
    ("STATUS", 1),
    // r and s of the signature, then 1 where the policy `low-s` refuses s.
    ("R", 8),
    ("S", 8),
    ("REFUSED", 1),
    // The key, or R of a recovery, in the field's form.
    ("X", 8),
    ("Y", 8),
    // The digest as an integer below n.
    ("E", 8),
    // The factors of G and of the key, integers below n.
    ("U1", 8),
    ("U2", 8),
    // Digits of U1, and of the one or two parts of U2: eight words, and whether the part is negative.
    ("DIGITS_1", 9),
    ("DIGITS_2", 18),
    // 1Q to 8Q, affine.
    ("MULTIPLES", KEY_MULTIPLES * POINT_WORDS),
    // By what the Z of 2Q to 8Q is that of the one before times.
    ("RATIOS", 8 * (KEY_MULTIPLES - 1)),
    // The product, (X, Y, Z).
    ("PRODUCT", 24),
];

/// Words of a lane in the work buffer.
pub const WORK_WORDS: usize = {
    let (mut words, mut part) = (0, 0);
    while part < WORK.len() {
        words += WORK[part].1;
        part += 1;
    }
    words
};

/// Words of an affine point in tables: x, then y.
pub const POINT_WORDS: usize = 16;
/// Windows of 8 bits in the table of G: row `(w, d)` is d*2^(8w)*G, for d from 1 to [`G_MULTIPLES`]. A factor above n/2 is negated first, so that it has 255 bits.
pub const G_WINDOWS: usize = 32;
/// Rows of a window of the table of G.
pub const G_MULTIPLES: usize = 128;
/// Windows of 4 bits in the table of a known key: row `(w, d)` is d*2^(4w)*Q, for d from 1 to [`KEY_MULTIPLES`].
pub const KEY_WINDOWS: usize = 64;
/// Rows of a window of the table of a known key, and of the multiples of an unknown one.
pub const KEY_MULTIPLES: usize = 8;
/// Words of the table of a known key.
pub const KEY_TABLE_WORDS: usize = KEY_WINDOWS * KEY_MULTIPLES * POINT_WORDS;

impl Params {
    /// The words in order.
    #[must_use]
    pub const fn words(&self) -> [u32; PARAM_WORDS] {
        [
            self.items,
            self.lanes,
            self.flags,
            self.order_at,
            self.key_ends_at,
            self.keys_at,
            self.input_ends_at,
            self.inputs_at,
            self.signature_ends_at,
            self.signatures_at,
            self.id_ends_at,
            self.ids_at,
            self.key_slots_at,
            self.key_tables_at,
            self.turn,
            self.generator_at,
            self.input_bytes,
            self.key_places,
        ]
    }
}

/// The names of the [`Params`], by their places.
pub const PARAM_NAMES: [&str; PARAM_WORDS] = [
    "items",
    "lanes",
    "flags",
    "order_at",
    "key_ends_at",
    "keys_at",
    "input_ends_at",
    "inputs_at",
    "signature_ends_at",
    "signatures_at",
    "id_ends_at",
    "ids_at",
    "key_slots_at",
    "key_tables_at",
    "turn",
    "generator_at",
    "input_bytes",
    "key_places",
];

/// Chains of multiply-adds that a lane of the kernel `multiply_add_rate` works on at once.
pub const RATE_CHAINS: u32 = 8;
/// Multiply-adds of each chain.
pub const RATE_ROUNDS: u32 = 4096;
