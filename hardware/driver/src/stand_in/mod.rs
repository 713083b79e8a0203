//! A card in software: the names of the devices that a card has, with the model or the RTL behind them ([`behind`]), so that the driver can be tried where there is none. It
//! keeps the contract of [`crate::xdma`] (a named pipe for each stream, a file for the registers, which it looks at each millisecond), and does something wrong
//! where it is told to.

pub mod behind;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use chainbox_fpga_model::{
    register_map::{self, Kind, Register},
    registers,
    wire::{BEAT_BYTES, ITEM_BYTES, KIND_ITEM, KIND_POINT},
};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};

use behind::Behind;

/// How often registers are looked at.
const TIME_BETWEEN: Duration = Duration::from_millis(1);

/// A bit of `control` that means nothing.
const SEEN: u32 = 1 << 30;

/// Items before a fault shows.
const ITEMS_BEFORE: usize = 5;

/// What a card may do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// After some items it takes nothing and answers nothing.
    Stalls,
    /// It takes nothing at all.
    Clogs,
    /// Each third answer never comes.
    Loses,
    /// It takes and gives a few bytes at a time.
    Dribbles,
    /// Its registers read ones after some items, as those of a card whose link is down.
    Vanishes,
    /// A reset never ends.
    Deaf,
    /// It loses a part of the table.
    Forgets,
    /// It ends, with its devices, after some items.
    Ends,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Stalls, Self::Clogs, Self::Loses, Self::Dribbles, Self::Vanishes, Self::Deaf, Self::Forgets, Self::Ends];
        let name = |fault: &Self| format!("{fault:?}").to_lowercase();
        all.into_iter().find(|fault| name(fault) == text).ok_or_else(|| {
            let names: Vec<String> = all.iter().map(name).collect();
            format!("{text} is no fault: {}", names.join(", "))
        })
    }
}

/// The addresses of a register's words; none of `control`, which the host writes.
fn words(register: &Register) -> impl Iterator<Item = u16> + use<> {
    let count = match register.kind {
        Kind::Control => 0,
        Kind::Counter => 2,
        _ => 1,
    };
    (register.address..).step_by(4).take(count)
}

/// A card in software.
pub struct StandIn {
    behind: Box<dyn Behind>,
    fault: Option<Fault>,
    /// Resets until the fault is gone.
    resets_left: usize,
    registers: File,
    /// Words of registers that say something, by their addresses.
    shown: Vec<u16>,
    packets: File,
    results: File,
    prefix: PathBuf,
    /// Bytes that are no whole packet yet.
    input: Vec<u8>,
    /// Items since the last reset.
    items: usize,
}

impl StandIn {
    /// Makes the devices of a card, in place of those that are there by these names. A fault is gone after so many resets.
    ///
    /// # Errors
    /// Where they cannot be made.
    pub fn new(prefix: &Path, behind: Box<dyn Behind>, fault: Option<(Fault, usize)>) -> io::Result<Self> {
        let path = |ending: &str| format!("{}{ending}", prefix.display());
        let pipe = |ending: &str| {
            let path = path(ending);
            let _ = fs::remove_file(&path);
            mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
            OpenOptions::new().read(true).write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)
        };
        let (packets, results) = (pipe("_h2c_0")?, pipe("_c2h_0")?);
        // The registers come last: who sees them sees a card.
        let made = path("_made");
        let registers = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&made)?;
        registers.set_len(0x1000)?;
        let mut card = Self {
            behind,
            fault: fault.map(|(fault, _)| fault),
            resets_left: fault.map_or(0, |(_, resets)| resets),
            registers,
            shown: register_map::card().iter().flat_map(words).collect(),
            packets,
            results,
            prefix: prefix.to_owned(),
            input: Vec::new(),
            items: 0,
        };
        card.show_registers()?;
        fs::rename(made, path("_user"))?;
        Ok(card)
    }

    /// Serves until it is told to stop, or its fault is that it ends.
    ///
    /// # Errors
    /// Where a device fails.
    pub fn serve(mut self, stops: &AtomicBool) -> io::Result<()> {
        while !stops.load(Ordering::Relaxed) {
            self.look_at_registers()?;
            let has_worked = self.take_packets()?;
            if self.has(Fault::Ends) && self.items >= ITEMS_BEFORE {
                for ending in ["_user", "_h2c_0", "_c2h_0"] {
                    fs::remove_file(format!("{}{ending}", self.prefix.display()))?;
                }
                return Ok(());
            }
            if !self.give_results()? && !has_worked {
                thread::sleep(TIME_BETWEEN);
            }
        }
        Ok(())
    }

    fn has(&self, fault: Fault) -> bool {
        self.resets_left > 0 && self.fault == Some(fault)
    }

    fn read(&self, address: u16) -> io::Result<u32> {
        let mut word = [0; 4];
        self.registers.read_exact_at(&mut word, address.into())?;
        Ok(u32::from_le_bytes(word))
    }

    fn write(&self, address: u16, word: u32) -> io::Result<()> {
        self.registers.write_all_at(&word.to_le_bytes(), address.into())
    }

    /// Puts what the card says of itself into the file, all but `control`.
    fn show_registers(&mut self) -> io::Result<()> {
        for address in &self.shown {
            let word = self.behind.read(*address);
            self.registers.write_all_at(&word.to_le_bytes(), (*address).into())?;
        }
        Ok(())
    }

    fn look_at_registers(&mut self) -> io::Result<()> {
        let asked = self.read(registers::CONTROL)?;
        // What it has seen and does not do it leaves standing, with a bit that nobody asks for.
        if asked == 0 || asked & SEEN != 0 {
            return Ok(());
        }
        if asked & registers::CONTROL_RESET != 0 && (self.has(Fault::Deaf) || (self.has(Fault::Vanishes) && self.is_stuck())) {
            self.write(registers::CONTROL, if self.has(Fault::Deaf) { asked | SEEN } else { u32::MAX })?;
            self.resets_left -= 1;
            return Ok(());
        }
        if asked & registers::CONTROL_RESET != 0 {
            self.resets_left = self.resets_left.saturating_sub(1);
            self.input.clear();
            self.items = 0;
            let mut bytes = [0; 4_096];
            while self.packets.read(&mut bytes).is_ok() {}
            while self.results.read(&mut bytes).is_ok() {}
        }
        self.behind.control(asked);
        self.show_registers()?;
        self.write(registers::CONTROL, 0)
    }

    /// Whether it takes and gives nothing more.
    fn is_stuck(&self) -> bool {
        self.has(Fault::Clogs) || ((self.has(Fault::Stalls) || self.has(Fault::Vanishes)) && self.items >= ITEMS_BEFORE)
    }

    /// Whether anything came.
    fn take_packets(&mut self) -> io::Result<bool> {
        if self.is_stuck() {
            return Ok(false);
        }
        let mut bytes = [0; 4_096];
        let most = if self.has(Fault::Dribbles) { 100 } else { bytes.len() };
        let got = match self.packets.read(&mut bytes[..most]) {
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        self.input.extend_from_slice(&bytes[..got]);
        let (mut taken, forgets) = (0, self.has(Fault::Forgets));
        while let Some(kind) = self.input.get(taken) {
            let length = match *kind {
                KIND_ITEM => ITEM_BYTES,
                KIND_POINT => 2 * BEAT_BYTES,
                // What is no packet is a beat here: pipes do not say where a transfer ends.
                _ => BEAT_BYTES,
            };
            let Some(packet) = self.input.get(taken..taken + length) else { break };
            taken += length;
            self.items += usize::from(packet[0] == KIND_ITEM);
            let is_forgotten = packet[0] == KIND_POINT && u16::from_le_bytes([packet[2], packet[3]]).is_multiple_of(1_000);
            if !(forgets && is_forgotten) {
                self.behind.transfer(packet);
            }
        }
        self.input.drain(..taken);
        Ok(true)
    }

    /// Whether anything was to be done.
    fn give_results(&mut self) -> io::Result<bool> {
        if self.is_stuck() {
            return Ok(false);
        }
        let Some(mut results) = self.behind.results() else { return Ok(false) };
        if self.has(Fault::Loses) {
            results.retain(|(tag, _)| !tag.is_multiple_of(3));
        }
        for results in results.chunks(8) {
            let mut beat = [0; BEAT_BYTES];
            for (place, (tag, code)) in beat.as_chunks_mut::<8>().0.iter_mut().zip(results) {
                place[..4].copy_from_slice(&tag.to_le_bytes());
                place[4] = *code;
            }
            if self.has(Fault::Dribbles) {
                for part in beat.chunks(13) {
                    self.results.write_all(part)?;
                    thread::sleep(TIME_BETWEEN);
                }
            } else {
                self.results.write_all(&beat)?;
            }
        }
        Ok(true)
    }
}
