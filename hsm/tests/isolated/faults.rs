//! What the device or its process does wrong, and what callers see of it.

use std::{
    fs,
    time::{Duration, Instant},
};

use chainbox_hsm::{Deadline, Device, Error, Kind, isolated::Options};

use crate::{
    Bench, PIN,
    device::{ARMED, Fault, OPENED, TRIGGER},
    hosts, kill, label,
    liar::Lie,
    soon, until,
};

/// A digest that triggers the fault.
fn trigger() -> [u8; 32] {
    [TRIGGER; 32]
}

/// How much later than its deadline a call may return on a machine that is busy with other things.
const SLACK: Duration = Duration::from_secs(5);

fn refused(start: Result<Bench, Error>) -> Error {
    match start {
        Ok(_) => panic!("it must not start"),
        Err(error) => error,
    }
}

#[test]
fn a_crash_is_survived_by_the_request_that_it_met() {
    for (fault, signal) in [(Fault::Segfault, "Segv"), (Fault::Orphan, "code 9")] {
        let bench = Bench::start(fault);
        bench.signs([1; 32]);
        bench.signs(trigger());
        bench.signs([2; 32]);
        let state = bench.device.state();
        assert_eq!(state.restarts, 1, "{state:?}");
        assert!(state.last_end.as_ref().is_some_and(|end| end.to_lowercase().contains(&signal.to_lowercase())), "{state:?}");
        fs::write(bench.folder.path().join("orphan"), []).expect("a folder");
    }
}

#[test]
fn a_request_that_ends_every_child_is_given_up() {
    let bench = Bench::start(Fault::Exit);
    let error = bench.device.sign(&label("kept"), &[trigger()], soon()).expect_err("no child survives it");
    assert_eq!(error.kind, Kind::Crashed, "{error}");
    assert!(!error.remedy.is_empty());
    bench.signs([1; 32]);
}

#[test]
fn a_panic_is_an_error_and_ends_nothing() {
    let bench = Bench::start(Fault::Panic);
    let error = bench.device.sign(&label("kept"), &[trigger()], soon()).expect_err("it panics");
    assert_eq!(error.kind, Kind::DeviceFailed, "{error}");
    bench.signs([1; 32]);
    assert_eq!(bench.device.state().restarts, 0);
}

#[test]
fn a_hang_holds_nobody_and_the_child_is_replaced() {
    let bench = Bench::try_start(Fault::Hang, |options| options.grace_ms = 300).expect("a device");
    let begin = Instant::now();
    let error = bench.device.sign(&label("kept"), &[trigger()], Deadline::after(Duration::from_millis(200))).expect_err("it hangs");
    assert_eq!(error.kind, Kind::Deadline, "{error}");
    assert!(begin.elapsed() < SLACK);
    until("the child was replaced", || bench.device.state().restarts == 1);
    assert!(bench.device.state().last_end.is_some_and(|end| end.contains("hung")));
    bench.signs(trigger());
}

#[test]
fn who_is_late_within_the_grace_is_not_killed() {
    let bench = Bench::try_start(Fault::Slow(400), |options| options.grace_ms = 60_000).expect("a device");
    for _ in 0..3 {
        let error = bench.device.sign(&label("kept"), &[trigger()], Deadline::after(Duration::from_millis(50))).expect_err("it is slow");
        assert_eq!(error.kind, Kind::Deadline, "{error}");
    }
    (0..20).for_each(|digest| bench.signs([digest; 32]));
    assert_eq!(bench.device.state().restarts, 0);
}

#[test]
fn a_key_is_not_made_twice_where_the_child_ends() {
    let bench = Bench::start(Fault::GenerateExits);
    let made = bench.device.generate(&label("new"), chainbox_hsm::Algorithm::EcdsaP256, soon());
    assert_eq!(made.map_err(|error| error.kind), Err(Kind::Crashed));
    assert!(bench.device.key(&label("new"), soon()).is_ok());
}

#[test]
fn a_device_that_cannot_be_opened_says_why_itself() {
    let error = refused(Bench::try_start(Fault::OpenRefuses, |_| {}));
    assert_eq!(error, Error::new(Kind::NoDevice, "the place", "there is none").remedy("the remedy"));
    let error = refused(Bench::try_start(Fault::OpenExits, |_| {}));
    assert!(error.kind == Kind::Crashed && error.what.contains("code 7"), "{error}");
    let error = refused(Bench::try_start(Fault::OpenPanics, |_| {}));
    assert_eq!(error.kind, Kind::DeviceFailed, "{error}");
    let error = refused(Bench::try_start(Fault::OpenHangs, |options| options.start_ms_max = 500));
    assert_eq!(error.kind, Kind::Deadline, "{error}");
    let error = refused(Bench::try_start(Fault::None, |options| options.program = Some("/nowhere".into())));
    assert!(error.kind == Kind::Library && error.what.contains("/nowhere"), "{error}");
}

#[test]
fn a_token_that_is_gone_is_named_until_it_returns() {
    let bench = Bench::start(Fault::ReopenNoDevice);
    kill(&bench);
    until("the device is gone", || kind_of_sign(&bench) == Err(Kind::NoDevice));
    fs::remove_file(bench.folder.path().join(ARMED)).expect("it was armed");
    until("the device is back", || kind_of_sign(&bench) == Ok(()));
}

#[test]
fn a_wrong_pin_is_tried_once() {
    let bench = Bench::start(Fault::ReopenPin);
    kill(&bench);
    until("the PIN is refused", || kind_of_sign(&bench) == Err(Kind::Pin));
    assert_eq!(kind_of_sign(&bench), Err(Kind::Pin));
    assert_eq!(fs::read(bench.folder.path().join(OPENED)).expect("it was opened").len(), 2);
}

fn kind_of_sign(bench: &Bench) -> Result<(), Kind> {
    bench.device.sign(&label("kept"), &[[1; 32]], soon()).map(|_| ()).map_err(|error| error.kind)
}

#[test]
fn noise_is_bounded_and_blocks_nothing() {
    let bench = Bench::start(Fault::Noise);
    bench.signs([1; 32]);
}

fn lying(change: impl FnOnce(&mut Options)) -> Bench {
    Bench::try_start(Fault::None, |options| {
        options.arguments = hosts::arguments("hosts::liar");
        change(options);
    })
    .expect("an honest child")
}

fn arm(bench: &Bench, lie: Lie) {
    fs::write(bench.folder.path().join(ARMED), serde_json::to_vec(&lie).expect("JSON")).expect("a folder");
    kill(bench);
}

fn disarm(bench: &Bench) {
    fs::remove_file(bench.folder.path().join(ARMED)).expect("it was armed");
}

#[test]
fn a_child_that_lies_is_killed_and_believed_nothing() {
    for lie in Lie::ANSWERING {
        let bench = lying(|options| options.grace_ms = 100);
        bench.signs([0; 32]);
        arm(&bench, lie);
        until("a lie was met", || {
            let begin = Instant::now();
            let signed = bench.device.sign(&label("kept"), &[[1; 32]], Deadline::after(Duration::from_millis(1500)));
            assert!(begin.elapsed() < Duration::from_millis(1500) + SLACK, "{lie:?}");
            match signed {
                // The honest one may have answered before it was killed; and a frame that comes twice is right the first time.
                Ok(signatures) => assert!(crate::verifies(bench.folder.path(), &[1; 32], &signatures[0]), "{lie:?}"),
                Err(error) => assert!(matches!(error.kind, Kind::Crashed | Kind::Deadline), "{lie:?}: {error}"),
            }
            bench.device.state().restarts > 1
        });
        disarm(&bench);
        until("an honest child is back", || bench.device.sign(&label("kept"), &[[2; 32]], soon()).is_ok());
        bench.signs([3; 32]);
    }
}

#[test]
fn a_child_that_lies_while_it_opens_is_no_device() {
    for lie in Lie::OPENING {
        let bench = lying(|options| options.start_ms_max = 2000);
        arm(&bench, lie);
        until("the lie was met", || bench.device.state().restarts > 1);
        assert!(matches!(kind_of_sign(&bench), Err(Kind::Crashed | Kind::Deadline)), "{lie:?}");
        disarm(&bench);
        until("an honest child is back", || kind_of_sign(&bench).is_ok());
    }
}

#[test]
fn nothing_secret_is_in_errors() {
    let error = refused(Bench::try_start(Fault::OpenExits, |_| {}));
    assert!(!format!("{error:?}").contains(PIN));
}
