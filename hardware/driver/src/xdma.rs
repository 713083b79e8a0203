//! `fpga`: a card behind the character devices of the Xilinx DMA driver (`xdma`), as boards/README.md has it. **No card was tried yet**; [`crate::stand_in`] keeps the same
//! contract in another process.
//!
//! A card `PREFIX`, `/dev/xdma0` say, is three devices:
//!
//! - `PREFIX_user`, the registers ([`chainbox_fpga_model::registers`]): four bytes are read or written at their address, and no other number of bytes.
//! - `PREFIX_h2c_0`, packets ([`chainbox_fpga_model::wire`]). A write is one transfer: the kernel makes a ring of descriptors of its pages, rings the doorbell, and comes
//!   back when the card has taken the last byte. Bytes stand at a page's beginning, and are whole beats; up to [`BUFFER_BYTES`] of them share a write.
//! - `PREFIX_c2h_0`, results. A read is one transfer too: it was opened with `O_TRUNC`, which tells the driver to end it where the card ends it, after
//!   `flush` clocks at most. The card opens for one process at a time.
//!
//! Descriptors are the kernel's, so no ring is shared with the card and nothing is polled; what bounds what is under way are credits: so many items find room in the card
//! even where nobody reads, so a write never waits for a read.
//!
//! **Time.** Nothing waits forever. A device that can be polled is waited for until the caller's time is over; `xdma` cannot, and gives up after its parameters
//! `h2c_timeout` and `c2h_timeout` (10 s as it comes) with an error. Either way the device counts as lost until it was reset.
//!
//! **Reset.** Streams are closed, `reset` of the register `control` is written and awaited, streams are opened anew, a beat that is no packet ends a transfer that may
//! have been cut, constants and table are loaded, and the counter `loaded` must say that every engine took all of them; then errors are cleared. Answers to what was sent before carry tags
//! that nobody waits for any more.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use chainbox_fpga_model::{
    curve::Curve,
    register_map, registers, sources,
    wire::{BEAT_BYTES, ITEM_BYTES, results, setup},
    word::Word,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
};

use crate::transport::{Answer, Identity, Transport, TransportError};

/// Bytes of a write, at most: 204 items.
pub const BUFFER_BYTES: usize = 64 << 10;

/// Bytes of a read: the longest transfer of results.
const READ_BYTES: usize = 4 << 10;

/// How long a register that was written may take to show that what it asks for is done, and a transfer without an answer.
const TIME_MAX: Duration = Duration::from_secs(2);

/// How long until a register is looked at again.
const TIME_BETWEEN: Duration = Duration::from_micros(200);

/// What a register reads where nothing answers on the bus.
const NOBODY: u32 = u32::MAX;

/// Why a card is not used; [`OpenError::remedy`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A device cannot be opened or read.
    #[error("{}: {error}", path.display())]
    Device {
        /// The device.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Nothing answers.
    #[error("{0}_user: the card does not answer")]
    Nobody(String),
    /// Something else answers.
    #[error("{prefix}_user: it holds no verifier of Chainbox (its first register is {identity:#010x})")]
    Other {
        /// The card.
        prefix: String,
        /// Its first register.
        identity: u32,
    },
    /// It is a verifier that this driver does not know.
    #[error("{prefix}_user: the card {what}")]
    Unknown {
        /// The card.
        prefix: String,
        /// What does not fit.
        what: String,
    },
}

impl OpenError {
    /// What a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Device { error, .. } => remedy(error),
            Self::Nobody(_) => "load its bitstream, and rescan the PCI bus or restart the machine (hardware/boards/README.md)",
            Self::Other { .. } => "load the bitstream (hardware/boards/README.md)",
            Self::Unknown { .. } => "load the bitstream that is built from the sources of this version of chainbox",
        }
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "load the kernel module xdma",
        io::ErrorKind::PermissionDenied => "let this user read and write it (a rule of udev, or its group)",
        io::ErrorKind::ResourceBusy => "another process uses the card: stop it",
        _ => "see the kernel's log",
    }
}

/// The cards whose devices stand in a folder, `/dev` say: the prefixes of their names, by number.
#[must_use]
pub fn cards(folder: &Path) -> Vec<PathBuf> {
    let number = |name: &str| name.strip_prefix("xdma")?.strip_suffix("_user")?.parse::<u32>().ok();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut numbers: Vec<u32> = entries.filter_map(|entry| number(entry.file_name().to_str()?)).collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| folder.join(format!("xdma{number}"))).collect()
}

/// The device of a card with this ending.
fn device(prefix: &Path, ending: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Bytes from the beginning of a page on, as DMA takes them.
#[repr(C, align(4096))]
struct Pages<const BYTES: usize>([u8; BYTES]);

const _: () =
    assert!(BUFFER_BYTES.is_multiple_of(BEAT_BYTES) && ITEM_BYTES.is_multiple_of(BEAT_BYTES) && READ_BYTES.is_multiple_of(BEAT_BYTES));
const _: () = assert!(align_of::<Pages<BUFFER_BYTES>>() == 4_096 && align_of::<Pages<READ_BYTES>>() == 4_096);

/// A card.
pub struct Card {
    identity: Identity,
    prefix: PathBuf,
    engines: u32,
    registers: File,
    streams: Option<Streams>,
    time_max: Duration,
}

/// The streams of a card between two resets.
struct Streams {
    packets: File,
    results: File,
    sending: Box<Pages<BUFFER_BYTES>>,
    /// Bytes that wait to be written.
    filled: usize,
    receiving: Box<Pages<READ_BYTES>>,
    /// Bytes of a beat that is not whole yet.
    left: usize,
}

impl Card {
    /// Opens the registers of a card, and reads what it is. Nothing is sent to it.
    ///
    /// # Errors
    /// [`OpenError`] where there is none, or none that this driver was made for.
    pub fn open(prefix: &Path) -> Result<Self, OpenError> {
        let path = device(prefix, "_user");
        let registers = OpenOptions::new().read(true).write(true).open(&path);
        let registers = registers.map_err(|error| OpenError::Device { path: path.clone(), error })?;
        let read = |address| read(&registers, address).map_err(|error| OpenError::Device { path: path.clone(), error });
        let name = prefix.display().to_string();
        let unknown = |what| OpenError::Unknown { prefix: name.clone(), what };
        match read(registers::IDENTITY)? {
            register_map::IDENTITY => {}
            NOBODY => return Err(OpenError::Nobody(name)),
            identity => return Err(OpenError::Other { prefix: name, identity }),
        }
        let version = read(registers::VERSION)?;
        if version != register_map::VERSION {
            return Err(unknown(format!("has version {version} of the registers, and this driver knows {}", register_map::VERSION)));
        }
        let code = read(registers::CURVE)?;
        let curve = Curve::ALL.into_iter().find(|curve| curve.code == code);
        let curve = curve.ok_or_else(|| unknown(format!("is built for a curve of number {code}")))?;
        let build = u64::from(read(registers::BUILD_LOW)?) | u64::from(read(registers::BUILD_HIGH)?) << 32;
        let own = sources::build(&curve);
        if build != own {
            return Err(unknown(format!("was built from other sources, {build:016x}, and this driver is of {own:016x}")));
        }
        let (engines, credits) = (read(registers::ENGINES)?, read(registers::CREDITS)?);
        if engines == 0 || credits < engines || credits > 1 << 16 {
            return Err(unknown(format!("says that it has {engines} engines and room for {credits} items")));
        }
        let identity = Identity {
            device: format!("{}: {} engine{} for {}, build {build:016x}", name, engines, if engines == 1 { "" } else { "s" }, curve.name),
            driver: format!("xdma, chainbox {}", env!("CARGO_PKG_VERSION")),
            curve,
            credits: credits as usize,
            is_software: false,
        };
        Ok(Self { identity, prefix: prefix.to_owned(), engines, registers, streams: None, time_max: TIME_MAX })
    }

    /// The same, with another bound of the time for a reset and for a write. A test has no time.
    #[must_use]
    pub fn with_time_max(self, time_max: Duration) -> Self {
        Self { time_max, ..self }
    }

    fn lost(&self, ending: &str, what: impl ToString) -> TransportError {
        TransportError::Lost(format!("{}{ending}: {}", self.prefix.display(), what.to_string()))
    }

    fn read(&self, address: u16) -> Result<u32, TransportError> {
        read(&self.registers, address).map_err(|error| self.lost("_user", error))
    }

    /// Asks for something by a bit of `control`, and waits until it is done.
    fn control(&self, bit: u32) -> Result<(), TransportError> {
        self.registers.write_all_at(&bit.to_le_bytes(), registers::CONTROL.into()).map_err(|error| self.lost("_user", error))?;
        let start = Instant::now();
        loop {
            match self.read(registers::CONTROL)? {
                NOBODY => return Err(self.lost("_user", "nothing answers: the link is down")),
                word if word & bit == 0 => return Ok(()),
                _ if start.elapsed() >= self.time_max => return Err(TransportError::Hangs(self.time_max)),
                _ => thread::sleep(TIME_BETWEEN),
            }
        }
    }

    /// The counter of what was loaded, now.
    fn loaded(&self) -> Result<u64, TransportError> {
        self.control(registers::CONTROL_SNAPSHOT)?;
        Ok(u64::from(self.read(registers::LOADED)?) | u64::from(self.read(registers::LOADED + 4)?) << 32)
    }

    fn open_streams(&self) -> Result<Streams, TransportError> {
        let open = |ending: &str, options: &mut OpenOptions, flags: OFlags| {
            let path = device(&self.prefix, ending);
            let opened = fs::metadata(&path).and_then(|metadata| match metadata.file_type() {
                // A regular file would be emptied by the flag that ends reads.
                kind if kind.is_char_device() || kind.is_fifo() => options.custom_flags(flags.bits().cast_signed()).open(&path),
                _ => Err(io::Error::other("it is no device")),
            });
            opened.map_err(|error| self.lost(ending, format!("{error}; {}", remedy(&error))))
        };
        Ok(Streams {
            results: open("_c2h_0", OpenOptions::new().read(true), OFlags::NONBLOCK | OFlags::TRUNC)?,
            packets: open("_h2c_0", OpenOptions::new().write(true), OFlags::NONBLOCK)?,
            sending: Box::new(Pages([0; BUFFER_BYTES])),
            filled: 0,
            receiving: Box::new(Pages([0; READ_BYTES])),
            left: 0,
        })
    }

    /// The streams, and the bound of a write; an error before the first reset.
    fn streams(&mut self) -> Result<(&mut Streams, Duration), TransportError> {
        let missing = TransportError::Lost(format!("{}: it was never reset", self.prefix.display()));
        self.streams.as_mut().map(|streams| (streams, self.time_max)).ok_or(missing)
    }

    /// Sends constants and table, and sees that every engine took them.
    fn load(&mut self, table: &[[Word; 2]]) -> Result<(), TransportError> {
        let before = self.loaded()?;
        let curve = self.identity.curve;
        let (mut packets, mut packet) = (0, Vec::with_capacity(2 * BEAT_BYTES));
        let (streams, time_max) = self.streams()?;
        // Kind 0 is no packet: it is dropped, with what is left of a transfer that was cut before.
        streams.put(&[0; BEAT_BYTES], time_max)?;
        streams.flush(time_max)?;
        for (beat, is_last) in setup(&curve, table) {
            packet.extend_from_slice(&beat);
            if is_last {
                streams.put(&packet, time_max)?;
                packet.clear();
                packets += 1;
            }
        }
        streams.flush(time_max)?;
        let wanted = packets * u64::from(self.engines);
        let start = Instant::now();
        loop {
            match self.loaded()?.wrapping_sub(before) {
                // The beat that was no packet is no error.
                loaded if loaded == wanted => return self.control(registers::CONTROL_CLEAR),
                loaded if loaded > wanted || start.elapsed() >= self.time_max => {
                    let what = format!("its engines took {loaded} of {wanted} points and words of the table");
                    return Err(self.lost("_h2c_0", what));
                }
                _ => thread::sleep(TIME_BETWEEN),
            }
        }
    }
}

fn read(registers: &File, address: u16) -> io::Result<u32> {
    let mut word = [0; 4];
    registers.read_exact_at(&mut word, address.into())?;
    Ok(u32::from_le_bytes(word))
}

/// Waits until a device can be read or written; whether it can before the time is over.
fn is_ready(file: &File, flags: PollFlags, time_max: Duration) -> Result<bool, TransportError> {
    let time = Timespec::try_from(time_max).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
    match poll(&mut [PollFd::new(file, flags)], Some(&time)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(TransportError::Lost(error.to_string())),
    }
}

/// Whether an error says nothing but that the call must be made again.
fn is_again(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl Streams {
    /// Puts a packet behind what waits to be written, and writes where there is no room.
    fn put(&mut self, packet: &[u8], time_max: Duration) -> Result<(), TransportError> {
        if self.filled + packet.len() > BUFFER_BYTES {
            self.flush(time_max)?;
        }
        self.sending.0[self.filled..self.filled + packet.len()].copy_from_slice(packet);
        self.filled += packet.len();
        Ok(())
    }

    /// Writes what waits.
    fn flush(&mut self, time_max: Duration) -> Result<(), TransportError> {
        let start = Instant::now();
        let mut written = 0;
        while written < self.filled {
            let left = time_max.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(TransportError::Hangs(time_max));
            }
            if !is_ready(&self.packets, PollFlags::OUT, left)? {
                continue;
            }
            match self.packets.write(&self.sending.0[written..self.filled]) {
                Ok(0) => return Err(TransportError::Lost("it takes no bytes".to_owned())),
                Ok(bytes) => written += bytes,
                Err(error) if is_again(&error) => {}
                Err(error) => return Err(TransportError::Lost(format!("packets: {error}"))),
            }
        }
        self.filled = 0;
        Ok(())
    }

    /// Reads once; the results of whole beats.
    fn read(&mut self) -> Result<Vec<Answer>, TransportError> {
        let got = match self.results.read(&mut self.receiving.0[self.left..]) {
            Ok(0) => return Err(TransportError::Lost("results: they ended".to_owned())),
            Ok(bytes) => self.left + bytes,
            Err(error) if is_again(&error) => return Ok(Vec::new()),
            Err(error) => return Err(TransportError::Lost(format!("results: {error}"))),
        };
        let (beats, rest) = self.receiving.0[..got].as_chunks::<BEAT_BYTES>();
        let answers = beats.iter().flat_map(results).map(|(tag, code)| Answer { tag, code }).collect();
        self.left = rest.len();
        self.receiving.0.copy_within(got - self.left..got, 0);
        Ok(answers)
    }
}

impl Transport for Card {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn reset(&mut self, table: &[[Word; 2]]) -> Result<(), TransportError> {
        self.streams = None;
        self.control(registers::CONTROL_RESET)?;
        self.streams = Some(self.open_streams()?);
        self.load(table)
    }

    fn send(&mut self, packet: &[u8; ITEM_BYTES]) -> Result<(), TransportError> {
        let (streams, time_max) = self.streams()?;
        streams.put(packet, time_max)
    }

    fn receive(&mut self, time_max: Duration) -> Result<Vec<Answer>, TransportError> {
        let start = Instant::now();
        let (streams, write_time_max) = self.streams()?;
        streams.flush(write_time_max.min(time_max))?;
        loop {
            let left = time_max.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            if is_ready(&streams.results, PollFlags::IN, left)? {
                let answers = streams.read()?;
                if !answers.is_empty() {
                    return Ok(answers);
                }
            }
        }
    }
}
