//! The driver over the model, over devices that fail, over a card in another process, and (with the feature `sim`) over the RTL: the contract of back ends, and what becomes of items where the device
//! does not do as it should.

use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    path::PathBuf,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use chainbox_engine::{
    backend::{Backend, Fault, contract, known_answers},
    batch::{Batch, Shape},
    scheme::Scheme,
    verdict::Verdict,
};
use chainbox_fpga::{
    Fpga,
    modelled::Modelled,
    transport::{Answer, Identity, Transport, TransportError},
    xdma::{Card, cards},
};
use chainbox_fpga_model::{curve::Curve, machine::Outcome, registers, wire::ITEM_BYTES, word::Word};
use tempfile::TempDir;

#[test]
fn the_model_behind_the_driver_keeps_the_contract() {
    for curve in Curve::ALL {
        let backend = Fpga::new("fpga-model", Modelled::new(curve));
        let report = contract::check(&backend).unwrap_or_else(|failure| panic!("{}: {failure}", curve.name));
        assert!(report.items > 1_000, "{report:?}");
        assert_eq!(backend.counted().strange, 0);
    }
}

/// What a device does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// Each third answer never comes.
    Loses,
    /// Each third answer has a code that is none.
    Garbles,
    /// Each third answer comes twice, and one comes to nothing that was asked.
    Repeats,
    /// Each third item is marked.
    Marks,
    /// Each third item was malformed, it says.
    Refuses,
    /// Sending fails after some items.
    Breaks,
}

/// The model, which does something wrong until it was reset so often.
struct Faulty {
    inner: Modelled,
    wrong: Wrong,
    resets_left: usize,
    sent: usize,
}

impl Transport for Faulty {
    fn identity(&self) -> &Identity {
        self.inner.identity()
    }

    fn reset(&mut self, table: &[[Word; 2]]) -> Result<(), TransportError> {
        self.resets_left = self.resets_left.saturating_sub(1);
        self.inner.reset(table)
    }

    fn send(&mut self, packet: &[u8; ITEM_BYTES]) -> Result<(), TransportError> {
        self.sent += 1;
        if self.wrong == Wrong::Breaks && self.resets_left > 0 && self.sent > 5 {
            return Err(TransportError::Lost("the link is down".to_owned()));
        }
        self.inner.send(packet)
    }

    fn receive(&mut self, time_max: Duration) -> Result<Vec<Answer>, TransportError> {
        let mut answers = self.inner.receive(time_max)?;
        if self.resets_left == 0 {
            return Ok(answers);
        }
        let third = |answer: &Answer| answer.tag.is_multiple_of(3);
        match self.wrong {
            Wrong::Loses => answers.retain(|answer| !third(answer)),
            Wrong::Repeats => {
                let again: Vec<Answer> = answers.iter().copied().filter(third).collect();
                answers.extend(again);
                answers.push(Answer { tag: 0xdead_beef, code: Outcome::Valid.code() });
            }
            Wrong::Breaks => {}
            Wrong::Garbles | Wrong::Marks | Wrong::Refuses => {
                let code = match self.wrong {
                    Wrong::Garbles => 0x99,
                    Wrong::Marks => Outcome::Broken.code(),
                    _ => Outcome::Malformed.code(),
                };
                answers.iter_mut().filter(|answer| third(answer)).for_each(|answer| answer.code = code);
            }
        }
        Ok(answers)
    }
}

/// Items of a scheme, valid and not, with their verdicts.
fn items(scheme: Scheme, count: usize) -> (Batch, Vec<Verdict>) {
    let shape = Shape::digests(scheme);
    let of_shape: Vec<_> = known_answers::all().iter().filter(|answer| answer.item.shape == shape).collect();
    let (mut batch, mut expected) = (Batch::new(shape), Vec::new());
    for answer in of_shape.iter().cycle().take(count) {
        answer.item.push_into(&mut batch).unwrap();
        expected.push(answer.verdict);
    }
    (batch, expected)
}

#[test]
fn no_verdict_is_wrong_or_lost_whatever_the_device_does() {
    let (batch, expected) = items(Scheme::Sm2Sm3, 150);
    for wrong in [Wrong::Loses, Wrong::Garbles, Wrong::Repeats, Wrong::Marks, Wrong::Refuses, Wrong::Breaks] {
        let faulty = Faulty { inner: Modelled::new(Curve::SM2), wrong, resets_left: 2, sent: 0 };
        let backend = Fpga::new("fpga", faulty).with_answer_time_max(Duration::from_millis(50));
        let first = backend.verify(&batch);
        let counted = backend.counted();
        match wrong {
            // The dispatcher gives the batch to another back end.
            Wrong::Loses | Wrong::Breaks => {
                assert!(matches!(&first, Err(Fault::Device { backend, .. }) if backend == "fpga"), "{wrong:?}: {first:?}");
            }
            _ => assert_eq!(first.unwrap().as_slice(), expected, "{wrong:?}"),
        }
        match wrong {
            Wrong::Garbles | Wrong::Repeats => assert!(counted.strange > 20, "{wrong:?}: {counted:?}"),
            Wrong::Marks => assert!(counted.broken > 20 && counted.by_host >= counted.broken, "{counted:?}"),
            Wrong::Refuses => assert!(counted.by_host > 20, "{counted:?}"),
            Wrong::Loses | Wrong::Breaks => {}
        }
        // Where it failed it is reset, and late answers to what was asked before are nobody's.
        assert_eq!(backend.verify(&batch).unwrap().as_slice(), expected, "{wrong:?}, again");
    }
}

#[test]
fn what_it_was_not_built_for_is_refused() {
    let backend = Fpga::new("fpga", Modelled::new(Curve::SM2));
    let (batch, _) = items(Scheme::EcdsaP256Sha256, 3);
    assert!(matches!(backend.verify(&batch), Err(Fault::Unsupported { .. })));
    assert_eq!(backend.capabilities().schemes, [Scheme::Sm2Sm3]);
}

/// A card in a process of its own, which ends with this.
struct Process {
    child: Child,
    folder: TempDir,
}

impl Process {
    fn start(curve: &str, fault: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let prefix = folder.path().join("xdma0");
        let child = Command::new(env!("CARGO_BIN_EXE_fpga-stand-in")).arg(&prefix).arg(curve).args(fault).spawn().unwrap();
        let process = Self { child, folder };
        let start = Instant::now();
        while cards(process.folder.path()).is_empty() {
            assert!(start.elapsed() < Duration::from_secs(20), "it makes its devices");
            thread::sleep(Duration::from_millis(1));
        }
        process
    }

    fn prefix(&self) -> PathBuf {
        cards(self.folder.path()).remove(0)
    }

    /// A word of its registers, changed: as a card of another kind has it.
    fn set(&self, address: u16, word: u32) {
        let path = self.folder.path().join("xdma0_user");
        OpenOptions::new().write(true).open(path).unwrap().write_all_at(&word.to_le_bytes(), address.into()).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_card_in_another_process_keeps_the_contract() {
    for curve in ["sm2", "p256"] {
        let process = Process::start(curve, &[]);
        let backend = Fpga::new("fpga", Card::open(&process.prefix()).unwrap());
        assert!(!backend.capabilities().shares_cores);
        let report = contract::check(&backend).unwrap_or_else(|failure| panic!("{curve}: {failure}"));
        assert!(report.items > 1_000, "{report:?}");
        assert_eq!(backend.counted().strange, 0);
    }
}

/// The same driver, with the RTL of the whole card at the other end: its registers, its resets, its streams.
#[cfg(feature = "sim")]
#[test]
fn the_rtl_in_another_process_is_a_card() {
    for (curve, scheme) in [("sm2", Scheme::Sm2Sm3), ("p256", Scheme::EcdsaP256Sha256)] {
        let process = Process::start(curve, &["rtl"]);
        let card = Card::open(&process.prefix()).unwrap().with_time_max(Duration::from_secs(60));
        let engines = if curve == "sm2" { 1 } else { 2 };
        assert!(card.identity().device.contains(&format!("{engines} engine")), "{}", card.identity().device);
        let backend = Fpga::new("fpga", card).with_answer_time_max(Duration::from_secs(60));
        let (batch, expected) = items(scheme, 60);
        assert_eq!(backend.verify(&batch).unwrap().as_slice(), expected, "{curve}");
        assert_eq!(backend.counted().strange, 0);
    }
    // A card that lost answers is reset, with items under way, and used again.
    let process = Process::start("sm2", &["rtl", "loses", "2"]);
    let card = Card::open(&process.prefix()).unwrap().with_time_max(Duration::from_secs(60));
    let backend = Fpga::new("fpga", card).with_answer_time_max(Duration::from_secs(10));
    let (batch, expected) = items(Scheme::Sm2Sm3, 60);
    assert!(matches!(backend.verify(&batch), Err(Fault::Device { .. })));
    assert_eq!(backend.verify(&batch).unwrap().as_slice(), expected);
}

/// Whatever the card does: a batch has its verdicts or a fault, and once the card works again it is used again. How often it fails before is said with each fault.
#[test]
fn a_card_that_fails_is_reset_and_loses_nothing() {
    let (batch, expected) = items(Scheme::Sm2Sm3, 150);
    for (fault, resets, failures, said) in [
        ("stalls", "2", 1, "no answer within"),
        ("clogs", "2", 1, "no answer within"),
        ("loses", "2", 1, "no answer within"),
        ("dribbles", "9", 0, ""),
        ("vanishes", "2", 2, "the link is down"),
        ("deaf", "2", 2, "no answer within"),
        ("forgets", "2", 1, "points and words of the table"),
    ] {
        let process = Process::start("sm2", &[fault, resets]);
        // Long enough for a machine that has much else to do.
        let card = Card::open(&process.prefix()).unwrap().with_time_max(Duration::from_secs(1));
        let backend = Fpga::new("fpga", card).with_answer_time_max(Duration::from_secs(1));
        let mut errors = Vec::new();
        loop {
            match backend.verify(&batch) {
                Ok(verdicts) => break assert_eq!(verdicts.as_slice(), expected, "{fault}"),
                Err(error) => errors.push(error.to_string()),
            }
            assert!(errors.len() < 5, "{fault}: {errors:?}");
        }
        assert!(errors.len() >= failures && (failures == 0 || errors.iter().any(|error| error.contains(said))), "{fault}: {errors:?}");
        assert_eq!(backend.verify(&batch).unwrap().as_slice(), expected, "{fault}, again");
    }
}

/// A card that is gone is a fault, at once or after the bound; one that comes by the same name is used after it was opened.
#[test]
fn a_card_that_ends_is_a_fault() {
    let (batch, expected) = items(Scheme::Sm2Sm3, 150);
    let mut process = Process::start("sm2", &["ends", "9"]);
    let card = Card::open(&process.prefix()).unwrap().with_time_max(Duration::from_millis(300));
    let backend = Fpga::new("fpga", card).with_answer_time_max(Duration::from_millis(300));
    for _ in 0..3 {
        assert!(matches!(backend.verify(&batch), Err(Fault::Device { .. })));
    }
    assert!(process.child.wait().unwrap().success());
    let process = Process::start("sm2", &[]);
    let backend = Fpga::new("fpga", Card::open(&process.prefix()).unwrap());
    assert_eq!(backend.verify(&batch).unwrap().as_slice(), expected);
}

#[test]
fn what_is_no_card_of_this_build_is_refused() {
    let process = Process::start("p256", &[]);
    let prefix = process.prefix();
    let right = Card::open(&prefix).unwrap();
    assert_eq!((right.identity().curve, right.identity().is_software), (Curve::P256, false));
    for (address, word, said) in [
        (registers::CREDITS, 0, "room for 0 items"),
        (registers::BUILD_HIGH, 7, "was built from other sources, 00000007"),
        (registers::CURVE, 3, "curve of number 3"),
        (registers::VERSION, 9, "has version 9 of the registers"),
        (registers::IDENTITY, 0, "no verifier of Chainbox"),
        (registers::IDENTITY, u32::MAX, "does not answer"),
    ] {
        process.set(address, word);
        let error = Card::open(&prefix).err().unwrap();
        assert!(error.to_string().contains(said) && error.remedy().contains("bitstream"), "{error}; {}", error.remedy());
    }
    let error = Card::open(&process.folder.path().join("xdma7")).err().unwrap();
    assert!(error.to_string().contains("xdma7_user: ") && error.remedy() == "load the kernel module xdma", "{error}; {}", error.remedy());
}

/// The contract over the RTL takes minutes: CI has the known answers and one batch; CHAINBOX_FPGA_CONTRACT=all has the whole.
#[cfg(feature = "sim")]
#[test]
fn the_rtl_behind_the_driver_keeps_the_contract() {
    use chainbox_fpga::simulated::Simulated;
    let is_whole = std::env::var("CHAINBOX_FPGA_CONTRACT").is_ok_and(|text| text == "all");
    for (curve, scheme) in [(Curve::SM2, Scheme::Sm2Sm3), (Curve::P256, Scheme::EcdsaP256Sha256)] {
        let backend = Fpga::new("fpga-sim", Simulated::new(curve));
        if is_whole {
            let report = contract::check(&backend).unwrap_or_else(|failure| panic!("{}: {failure}", curve.name));
            assert!(report.items > 1_000, "{report:?}");
        } else {
            let (batch, expected) = items(scheme, 60);
            assert_eq!(backend.verify(&batch).unwrap().as_slice(), expected, "{}", curve.name);
            known_answers::check(&backend).unwrap_or_else(|failure| panic!("{}: {failure}", curve.name));
        }
        assert_eq!(backend.counted().strange, 0);
    }
}
