//! A card in software: the model behind the names of the devices that a card has, so that the driver can be tried where there is none. It keeps the contract of
//! [`crate::xdma`] (a named pipe for each stream, a file for the registers, which it looks at each millisecond), and does something wrong where it is told to.

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
    curve::Curve,
    machine::{CREDITS, Machine, Outcome},
    register_map, registers, sources,
    wire::{BEAT_BYTES, ITEM_BYTES, KIND_ITEM, KIND_POINT, KIND_WORD, read_packet, setup},
    word::Word,
};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};

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

/// A card in software.
pub struct StandIn {
    curve: Curve,
    fault: Option<Fault>,
    /// Resets until the fault is gone.
    resets_left: usize,
    registers: File,
    packets: File,
    results: File,
    prefix: PathBuf,
    table: Vec<[Word; 2]>,
    machine: Option<Machine>,
    /// Bytes that are no whole packet yet.
    input: Vec<u8>,
    /// Results that are not written yet: eight bytes each.
    output: Vec<[u8; 8]>,
    items: usize,
    counters: [u64; registers::COUNTERS.len()],
}

impl StandIn {
    /// Makes the devices of a card, in place of those that are there by these names. A fault is gone after so many resets.
    ///
    /// # Errors
    /// Where they cannot be made.
    pub fn new(prefix: &Path, curve: Curve, fault: Option<(Fault, usize)>) -> io::Result<Self> {
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
        let card = Self {
            curve,
            fault: fault.map(|(fault, _)| fault),
            resets_left: fault.map_or(0, |(_, resets)| resets),
            registers,
            packets,
            results,
            prefix: prefix.to_owned(),
            table: Vec::new(),
            machine: None,
            input: Vec::new(),
            output: Vec::new(),
            items: 0,
            counters: [0; registers::COUNTERS.len()],
        };
        let build = sources::build(&curve);
        let words = [
            (registers::IDENTITY, register_map::IDENTITY),
            (registers::VERSION, register_map::VERSION),
            (registers::BUILD_LOW, build as u32),
            (registers::BUILD_HIGH, (build >> 32) as u32),
            (registers::CURVE, curve.code()),
            (registers::ENGINES, 1),
            (registers::CREDITS, CREDITS as u32),
            (registers::FLUSH, register_map::FLUSH_AT_RESET),
            (registers::STATUS, registers::STATUS_IDLE),
        ];
        words.into_iter().try_for_each(|(address, word)| card.write(address, word))?;
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
            self.give_results()?;
            if !has_worked {
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

    fn count(&mut self, address: u16) {
        let place = registers::COUNTERS.iter().position(|(_, counter)| *counter == address);
        self.counters[place.expect("an address of a counter")] += 1;
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
            self.output.clear();
            self.items = 0;
            let mut bytes = [0; 4_096];
            while self.packets.read(&mut bytes).is_ok() {}
            while self.results.read(&mut bytes).is_ok() {}
        }
        if asked & registers::CONTROL_SNAPSHOT != 0 {
            for (number, (_, address)) in registers::COUNTERS.into_iter().enumerate() {
                self.write(address, self.counters[number] as u32)?;
                self.write(address + 4, (self.counters[number] >> 32) as u32)?;
            }
        }
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
        let mut taken = 0;
        while let Some(kind) = self.input.get(taken) {
            let length = match *kind {
                KIND_ITEM => ITEM_BYTES,
                KIND_POINT => 2 * BEAT_BYTES,
                // What is no packet is a beat here: pipes do not say where a transfer ends.
                _ => BEAT_BYTES,
            };
            let Some(packet) = self.input.get(taken..taken + length) else { break };
            let packet = packet.to_vec();
            taken += length;
            self.packet(&packet);
        }
        self.input.drain(..taken);
        Ok(true)
    }

    fn packet(&mut self, packet: &[u8]) {
        match packet[0] {
            KIND_ITEM => {
                self.count(registers::ITEMS);
                self.items += 1;
                let packet: &[u8; ITEM_BYTES] = packet.try_into().expect("as long as an item");
                let (tag, item) = read_packet(packet);
                let ran = |machine: &Machine| item.map_or(Outcome::Malformed, |item| machine.run(&item).outcome);
                // Without a table it knows nothing of anybody.
                let outcome = self.machine.as_ref().map_or(Outcome::Broken, ran);
                if !(self.has(Fault::Loses) && tag.is_multiple_of(3)) {
                    let [a, b, c, d] = tag.to_le_bytes();
                    self.output.push([a, b, c, d, outcome.code(), 0, 0, 0]);
                }
            }
            KIND_POINT => {
                let number = usize::from(u16::from_le_bytes([packet[2], packet[3]]));
                let word = |from: usize| Word::from_le_bytes(packet[from..from + 32].try_into().expect("32 bytes"));
                if number == 0 {
                    self.table.clear();
                    self.machine = None;
                }
                if self.has(Fault::Forgets) && number.is_multiple_of(1_000) {
                    return;
                }
                self.table.push([word(BEAT_BYTES), word(BEAT_BYTES + 32)]);
                self.count(registers::LOADED);
                let is_whole = number + 1 == chainbox_fpga_model::recode::FIXED_WINDOWS * chainbox_fpga_model::recode::FIXED_POINTS;
                if is_whole && self.table.len() == number + 1 {
                    self.machine = Some(Machine::new(self.curve, self.table.as_slice().into()));
                }
            }
            KIND_WORD => {
                // The model has its constants; it sees that these are the same.
                if setup(&self.curve, &[]).any(|(beat, _)| beat == packet) {
                    self.count(registers::LOADED);
                }
            }
            _ => self.count(registers::DROPPED),
        }
    }

    fn give_results(&mut self) -> io::Result<()> {
        if self.is_stuck() {
            return Ok(());
        }
        for results in std::mem::take(&mut self.output).chunks(8) {
            let mut beat = [0; BEAT_BYTES];
            beat.as_chunks_mut::<8>().0.iter_mut().zip(results).for_each(|(place, result)| *place = *result);
            if self.has(Fault::Dribbles) {
                for part in beat.chunks(13) {
                    self.results.write_all(part)?;
                    thread::sleep(TIME_BETWEEN);
                }
            } else {
                self.results.write_all(&beat)?;
            }
        }
        Ok(())
    }
}
