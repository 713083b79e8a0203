//! The card's registers, as `registers.txt` has them. Generated: `CHAINBOX_WRITE_GENERATED=1 cargo test -p chainbox-fpga-model`.

/// constant: `CBFV` in ASCII, C in the highest byte: a verifier of Chainbox.
pub const IDENTITY: u16 = 0x000;

/// constant: of registers, packets and results: a driver knows one.
pub const VERSION: u16 = 0x004;

/// constant: the first 64 bits of SHA-256 over the RTL and all that is generated for it: its lower word.
pub const BUILD_LOW: u16 = 0x008;

/// constant: its higher word.
pub const BUILD_HIGH: u16 = 0x00c;

/// constant: 1 for SM2, 2 for P-256.
pub const CURVE: u16 = 0x010;

/// constant: how many.
pub const ENGINES: u16 = 0x014;

/// constant: items that may be under way: so many find room even where nobody takes results.
pub const CREDITS: u16 = 0x018;

/// setting: clocks that a result waits, at most, for others to share its transfer; 25000 after a reset of the shell.
pub const FLUSH: u16 = 0x01c;

/// control: what is asked for.
pub const CONTROL: u16 = 0x020;
/// A bit of [`CONTROL`]: items, results and transfers under way are lost; constants, the table, counters and errors stay.
pub const CONTROL_RESET: u32 = 1 << 0;
/// A bit of [`CONTROL`]: counters are copied, all at once, to where they are read.
pub const CONTROL_SNAPSHOT: u32 = 1 << 1;
/// A bit of [`CONTROL`]: errors are cleared.
pub const CONTROL_CLEAR: u32 = 1 << 2;
/// A bit of [`CONTROL`]: the next result that each engine's datapath writes gets wrong parity: a test.
pub const CONTROL_FLIP: u32 = 1 << 3;

/// state: how things stand.
pub const STATUS: u16 = 0x024;
/// A bit of [`STATUS`]: no engine has an item.
pub const STATUS_IDLE: u32 = 1 << 0;
/// A bit of [`STATUS`]: the reset is under way.
pub const STATUS_RESETTING: u32 = 1 << 1;

/// sticky: what should not be.
pub const ERRORS: u16 = 0x028;
/// A bit of [`ERRORS`]: a packet had another length or kind.
pub const ERRORS_DROPPED: u32 = 1 << 0;
/// A bit of [`ERRORS`]: a word was read whose parity is wrong.
pub const ERRORS_PARITY: u32 = 1 << 1;
/// A bit of [`ERRORS`]: an item had commands that are none.
pub const ERRORS_MALFORMED: u32 = 1 << 2;

/// counter: clocks.
pub const CLOCKS: u16 = 0x040;

/// counter: passes that began in the datapaths.
pub const PASSES: u16 = 0x048;

/// counter: items that began.
pub const ITEMS: u16 = 0x050;

/// counter: results that left the engines.
pub const RESULTS: u16 = 0x058;

/// counter: of these, `undecided`.
pub const UNDECIDED: u16 = 0x060;

/// counter: of these, `broken`.
pub const BROKEN: u16 = 0x068;

/// counter: of these, `malformed`.
pub const MALFORMED: u16 = 0x070;

/// counter: packets that were dropped.
pub const DROPPED: u16 = 0x078;

/// counter: points and words that engines took: each engine counts.
pub const LOADED: u16 = 0x080;

/// counter: reads of words with wrong parity.
pub const PARITY: u16 = 0x088;

/// counter: clocks in which a beat was offered and not taken.
pub const INPUT_WAITED: u16 = 0x090;

/// counter: clocks in which a beat of results was offered and not taken.
pub const OUTPUT_WAITED: u16 = 0x098;

/// The counters, by name and address.
pub const COUNTERS: [(&str, u16); 12] = [
    ("clocks", CLOCKS),
    ("passes", PASSES),
    ("items", ITEMS),
    ("results", RESULTS),
    ("undecided", UNDECIDED),
    ("broken", BROKEN),
    ("malformed", MALFORMED),
    ("dropped", DROPPED),
    ("loaded", LOADED),
    ("parity", PARITY),
    ("input_waited", INPUT_WAITED),
    ("output_waited", OUTPUT_WAITED),
];
