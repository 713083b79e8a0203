//! What goes between host and device, as transfers of whole beats of 64 bytes: packets to it, results from it. A transfer to it holds any number of packets.
//!
//! | packet | beats | the first beat | then |
//! |---|---|---|---|
//! | an item | 5 | 1, the count of commands (u8), 0 (u16), the tag (u32), zeros up to byte 32; c | the key's x and y; 96 commands (u16 each), zeros behind the last |
//! | a point of the fixed table | 2 | 2, 0 (u8), its number (u16), zeros | x and y |
//! | a word for a register of each context | 1 | 3, 0 (u8), the register (u16), zeros up to byte 32; the word | |
//!
//! Numbers are little-endian, words too. Results come in any order, eight a beat, eight bytes each: the tag (u32), the outcome's code (u8, never 0), zeros. Where a beat
//! has fewer, the rest is 0; a beat of zeros may end a transfer.
//!
//! Commands are what the sequencer does for an item, one after the other, from the highest bit on:
//!
//! - `0`, doublings (9 bits), then (2 bits), is negative (1 bit), entry (3 bits): so many doublings; then nothing (0), the sum begins at an entry of the key's
//!   table (1), an entry is added (2), or the comparison, which ends the item (3). The first command begins the sum.
//! - `1`, window (5 bits), is negative (1 bit), multiple less 1 (9 bits): a point of the fixed table is added.

use crate::{
    curve::Curve,
    machine::{Item, Outcome},
    program::Program,
    recode::{FIXED_POINTS, FIXED_WINDOWS, KeyDigit},
    word::Word,
};

/// Bytes of a beat.
pub const BEAT_BYTES: usize = 64;

/// Commands that an item has room for; no item has more than 80.
pub const COMMANDS_MAX: usize = 96;

/// Bytes of an item's packet.
pub const ITEM_BYTES: usize = 5 * BEAT_BYTES;

/// The kinds of packets.
pub const KIND_ITEM: u8 = 1;
/// See [`KIND_ITEM`].
pub const KIND_POINT: u8 = 2;
/// See [`KIND_ITEM`].
pub const KIND_WORD: u8 = 3;

/// What a command does after its doublings.
#[derive(Clone, Copy)]
enum Then {
    Nothing = 0,
    Begin = 1,
    Add = 2,
    Compare = 3,
}

const fn command(doublings: u16, then: Then, digit: Option<KeyDigit>) -> u16 {
    let (is_negative, entry) = match digit {
        Some(digit) => (digit.is_negative, digit.entry),
        None => (false, 0),
    };
    doublings << 6 | (then as u16) << 4 | (is_negative as u16) << 3 | entry as u16
}

impl Item {
    /// The commands of an item.
    #[must_use]
    pub fn commands(&self) -> Vec<u16> {
        let of_key = self.key_digits.iter().enumerate().map(|(index, digit)| {
            let then = if index == 0 { Then::Begin } else { Then::Add };
            command(digit.doublings, then, Some(*digit))
        });
        let last = (self.last_doublings > 0).then(|| command(self.last_doublings, Then::Nothing, None));
        let of_table = self
            .fixed_digits
            .iter()
            .enumerate()
            .filter(|(_, digit)| **digit != 0)
            .map(|(window, digit)| 1 << 15 | (window as u16) << 10 | u16::from(*digit < 0) << 9 | (digit.unsigned_abs() - 1));
        of_key.chain(last).chain(of_table).chain([command(0, Then::Compare, None)]).collect()
    }

    /// Its packet.
    #[must_use]
    pub fn packet(&self, tag: u32) -> [u8; ITEM_BYTES] {
        let commands = self.commands();
        let mut packet = [0; ITEM_BYTES];
        packet[0] = KIND_ITEM;
        packet[1] = commands.len() as u8;
        set_tag(&mut packet, tag);
        for (word, place) in [self.c, self.key[0], self.key[1]].iter().zip(packet[32..128].as_chunks_mut::<32>().0) {
            *place = word.to_le_bytes();
        }
        for (command, place) in commands.iter().zip(packet[128..].as_chunks_mut::<2>().0) {
            *place = command.to_le_bytes();
        }
        packet
    }
}

/// Gives an item's packet another tag.
pub fn set_tag(packet: &mut [u8; ITEM_BYTES], tag: u32) {
    packet[4..8].copy_from_slice(&tag.to_le_bytes());
}

/// The tag of an item's packet, and the item, where its commands are of those that [`Item::commands`] makes.
#[must_use]
pub fn read_packet(packet: &[u8; ITEM_BYTES]) -> (u32, Option<Item>) {
    let tag = u32::from_le_bytes([packet[4], packet[5], packet[6], packet[7]]);
    let [c, x, y] = std::array::from_fn(|place| {
        let bytes: [u8; 32] = std::array::from_fn(|index| packet[32 + 32 * place + index]);
        Word::from_le_bytes(&bytes)
    });
    let count = usize::from(packet[1]).min(COMMANDS_MAX);
    let mut commands = packet[128..].as_chunks::<2>().0[..count].iter().map(|bytes| u16::from_le_bytes(*bytes)).peekable();
    let mut item = Item { key: [x, y], c, key_digits: Vec::new(), last_doublings: 0, fixed_digits: [0; FIXED_WINDOWS] };
    let then = |command: u16, then: Then| command >> 15 == 0 && command >> 4 & 3 == then as u16;
    while let Some(command) = commands.next_if(|command| then(*command, Then::Begin) || then(*command, Then::Add)) {
        item.key_digits.push(KeyDigit { doublings: command >> 6 & 0x1ff, entry: (command & 7) as u8, is_negative: command >> 3 & 1 == 1 });
    }
    item.last_doublings = commands.next_if(|command| then(*command, Then::Nothing)).map_or(0, |command| command >> 6 & 0x1ff);
    while let Some(command) = commands.next_if(|command| command >> 15 == 1) {
        let Some(digit) = item.fixed_digits.get_mut(usize::from(command >> 10 & 0x1f)) else { return (tag, None) };
        let size = (command & 0x1ff) as i16 + 1;
        *digit = if command >> 9 & 1 == 1 { -size } else { size };
    }
    let is_whole = commands.next().is_some_and(|command| then(command, Then::Compare)) && commands.next().is_none();
    (tag, is_whole.then_some(item))
}

/// The results of a beat: tags, and codes of outcomes or what a broken device gives for them.
pub fn results(beat: &[u8; BEAT_BYTES]) -> impl Iterator<Item = (u32, u8)> {
    let result = |bytes: &[u8; 8]| (u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]), bytes[4]);
    beat.as_chunks::<8>().0.iter().map(result).filter(|(_, code)| *code != 0)
}

/// What an engine must be told before its first item: the constants of the microprogram, and the fixed table that [`crate::machine::fixed_table`] makes. Packets,
/// one after the other, with whether a beat is the last one of its packet.
pub fn setup<'a>(curve: &Curve, table: &'a [[Word; 2]]) -> impl Iterator<Item = ([u8; BEAT_BYTES], bool)> + use<'a> {
    let program = Program::verifier();
    let constants = curve.constants().map(|(name, word)| {
        let register = program.register(name).expect("a register of the microprogram");
        let mut beat = [0; BEAT_BYTES];
        (beat[0], beat[2]) = (KIND_WORD, register);
        beat[32..].copy_from_slice(&word.to_le_bytes());
        (beat, true)
    });
    let points = table.iter().enumerate().flat_map(|(number, [x, y])| {
        let (mut head, mut body) = ([0; BEAT_BYTES], [0; BEAT_BYTES]);
        head[0] = KIND_POINT;
        head[2..4].copy_from_slice(&(number as u16).to_le_bytes());
        body[..32].copy_from_slice(&x.to_le_bytes());
        body[32..].copy_from_slice(&y.to_le_bytes());
        [(head, false), (body, true)]
    });
    const { assert!(FIXED_WINDOWS * FIXED_POINTS <= 1 << 16) };
    constants.into_iter().chain(points)
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Valid, Self::Mismatch, Self::KeyRange, Self::OffCurve, Self::ScalarRange, Self::Undecided, Self::Broken, Self::Malformed];

    /// Its code in a result. 0 is none, so that what was never written says nothing.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8 + 1
    }

    /// The outcome of a code.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_the_items_that_they_are_made_of() {
        let number = |seed: u64| Word(std::array::from_fn(|limb| (seed + limb as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> limb));
        for seed in 0..300 {
            let t = if seed % 10 == 0 { Word([1 << (seed % 60), 0, 0, 0]) } else { number(seed) };
            let s = if seed % 11 == 0 { Word::ZERO } else { number(seed + 1_000) };
            let item = Item::new([number(seed + 2_000), number(seed + 3_000)], number(seed + 4_000), &s, &t);
            assert!(item.commands().len() <= 80);
            let mut packet = item.packet(seed as u32);
            assert_eq!(read_packet(&packet), (seed as u32, Some(item)));
            packet[1] -= 1;
            assert_eq!(read_packet(&packet).1, None, "without a comparison");
        }
    }
}
