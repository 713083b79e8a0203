//! Dead sessions, lost logins, stale handles, codes that nothing helps against.

use std::time::{Duration, Instant};

use chainbox_hsm::{Algorithm, Device, Kind};
use cryptoki::{
    context::Pkcs11 as Library,
    session::{Session, UserType},
};

use crate::{
    Fixture, code,
    control::{Action, Function},
    softhsm::{self, TOKEN, soon},
};

#[test]
fn what_a_dead_session_answers_is_healed_unseen() {
    let fixture = Fixture::new("dead session");
    for code in [code::SESSION_HANDLE_INVALID, code::SESSION_CLOSED, code::DEVICE_REMOVED, code::TOKEN_NOT_PRESENT, code::DEVICE_ERROR] {
        for function in [Function::SignInit, Function::Sign] {
            let before = fixture.faults.calls(Function::OpenSession);
            fixture.faults.fail(function, Action::Answer(code), 1);
            fixture.signs();
            assert_eq!(fixture.faults.faults_left(function), 0, "{code:#x} was answered");
            assert_eq!(
                fixture.faults.calls(Function::OpenSession),
                before + 1,
                "the dead session was replaced after {code:#x} of {function:?}"
            );
        }
    }
}

#[test]
fn sessions_that_were_really_closed_are_replaced() {
    let fixture = Fixture::new("closed sessions");
    for function in [Function::SignInit, Function::Sign] {
        fixture.faults.fail(function, Action::CloseSessions, 1);
        fixture.signs();
    }
    fixture.faults.fail(Function::FindObjectsInit, Action::CloseSessions, 1);
    assert_eq!(fixture.device.key(&fixture.key.label, soon()).expect("the key"), fixture.key);
}

#[test]
fn a_lost_login_is_made_again() {
    let fixture = Fixture::new("lost login");
    let logins = fixture.faults.calls(Function::Login);
    fixture.faults.fail(Function::SignInit, Action::LogOut, 1);
    fixture.signs();
    assert!(fixture.faults.calls(Function::Login) > logins);
    fixture.faults.fail(Function::SignInit, Action::Answer(code::USER_NOT_LOGGED_IN), 1);
    fixture.signs();
}

#[test]
fn keys_that_a_logout_hides_are_not_reported_as_missing() {
    let fixture = Fixture::new("hidden by logout");
    fixture.faults.fail(Function::FindObjectsInit, Action::LogOut, 1);
    assert_eq!(fixture.device.key(&fixture.key.label, soon()).expect("the key"), fixture.key);
    // The first search of a listing is that of public keys.
    fixture.faults.fail(Function::FindObjectsInit, Action::LogOut, 1);
    assert!(fixture.device.keys(soon()).expect("keys").contains(&fixture.key));
}

/// A session of somebody else in this process.
fn session_of_another(fixture: &Fixture) -> Session {
    let library = Library::new(fixture.faults.options().module).expect("the module");
    let slots = library.get_slots_with_token().expect("slots");
    let mut ours = slots.into_iter().filter(|slot| library.get_token_info(*slot).is_ok_and(|token| token.label().trim_end() == TOKEN));
    library.open_rw_session(ours.next().expect("the token")).expect("a session")
}

#[test]
fn another_part_of_the_process_may_log_in_and_out() {
    let fixture = Fixture::new("another login");
    let other = session_of_another(&fixture);
    other.logout().expect("logged out");
    fixture.signs();
    other.logout().expect("logged out");
    let pin = cryptoki::types::AuthPin::new(softhsm::PIN.to_owned().into());
    other.login(UserType::User, Some(&pin)).expect("logged in");
    // The login that ours tries meets one that is there already.
    fixture.faults.fail(Function::SignInit, Action::Answer(code::SESSION_HANDLE_INVALID), 1);
    fixture.signs();
}

#[test]
fn a_handle_that_went_stale_is_looked_up_again() {
    let fixture = Fixture::new("stale handle");
    let searches = fixture.faults.calls(Function::FindObjectsInit);
    fixture.signs();
    assert_eq!(fixture.faults.calls(Function::FindObjectsInit), searches, "no search for a key that is known");
    fixture.faults.fail(Function::SignInit, Action::Answer(code::KEY_HANDLE_INVALID), 1);
    fixture.signs();
    assert!(fixture.faults.calls(Function::FindObjectsInit) > searches);
}

#[test]
fn a_full_device_is_said_to_be_full() {
    let fixture = Fixture::new("device memory");
    fixture.faults.fail(Function::SignInit, Action::Answer(code::DEVICE_MEMORY), 1);
    let error = fixture.sign(soon()).expect_err("full");
    assert_eq!(error.kind, Kind::DeviceFull, "{error}");
    assert!(error.what.contains("CKR_DEVICE_MEMORY") && !error.remedy.is_empty(), "{error}");
    fixture.signs();
}

#[test]
fn a_code_that_stays_is_an_error_and_no_endless_loop() {
    let fixture = Fixture::new("fails for ever");
    for (code, kind) in [
        (code::SESSION_HANDLE_INVALID, Kind::DeviceFailed),
        (code::DEVICE_REMOVED, Kind::DeviceGone),
        (code::USER_NOT_LOGGED_IN, Kind::Pin),
        (code::KEY_HANDLE_INVALID, Kind::DeviceFailed),
    ] {
        fixture.faults.fail(Function::SignInit, Action::Answer(code), u64::MAX);
        let before = fixture.faults.calls(Function::SignInit);
        let error = fixture.sign(soon()).expect_err("it fails");
        assert_eq!(error.kind, kind, "{error}");
        assert!(fixture.faults.calls(Function::SignInit) - before <= 3, "tried a few times");
        fixture.faults.fail(Function::SignInit, Action::Answer(code), 0);
        fixture.signs();
    }
}

#[test]
fn a_pin_that_became_wrong_is_tried_once() {
    let fixture = Fixture::new("wrong pin");
    fixture.faults.fail(Function::Login, Action::Answer(code::PIN_INCORRECT), u64::MAX);
    fixture.faults.fail(Function::SignInit, Action::CloseSessions, 1);
    let before = fixture.faults.calls(Function::Login);
    for _ in 0..3 {
        let error = fixture.sign(soon()).expect_err("the PIN is wrong");
        assert_eq!(error.kind, Kind::Pin, "{error}");
    }
    assert_eq!(fixture.faults.calls(Function::Login), before + 1, "a token locks itself after a few wrong PINs");
}

#[test]
fn a_key_is_never_made_twice() {
    let fixture = Fixture::new("made once");
    let label = "unknown outcome".parse().expect("a label");
    let before = fixture.faults.calls(Function::GenerateKeyPair);
    fixture.faults.fail(Function::GenerateKeyPair, Action::AnswerAfter(code::DEVICE_ERROR), 1);
    fixture.device.generate(&label, Algorithm::EcdsaP256, soon()).expect_err("nobody knows whether it was made");
    assert_eq!(fixture.faults.calls(Function::GenerateKeyPair), before + 1);
    let error = fixture.device.generate(&label, Algorithm::EcdsaP256, soon()).expect_err("it was");
    assert_eq!(error.kind, Kind::KeyExists, "{error}");
    fixture.device.destroy(&label, soon()).expect("destroyed");
    // What was surely not carried out is asked again.
    fixture.faults.fail(Function::GenerateKeyPair, Action::Answer(code::SESSION_HANDLE_INVALID), 1);
    fixture.device.generate(&label, Algorithm::EcdsaP256, soon()).expect("a key");
    fixture.device.destroy(&label, soon()).expect("destroyed");
}

#[test]
fn a_session_that_is_not_granted_leaves_the_work_to_those_that_are() {
    let fixture = Fixture::with("session count", |options| options.sessions_max = 8);
    // One session is open: the second one is granted, no further one.
    fixture.faults.fail_later(Function::OpenSession, Action::Answer(code::SESSION_COUNT), 1, u64::MAX);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..20).for_each(|_| fixture.signs()));
        }
    });
}

#[test]
fn spare_sessions_are_closed_after_a_while() {
    let fixture = Fixture::with("spare sessions", |options| options.idle_seconds = 1);
    fixture.faults.fail(Function::Sign, Action::Sleep(100), 8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| fixture.signs());
        }
    });
    let open = || fixture.faults.calls(Function::OpenSession) - fixture.faults.calls(Function::CloseSession);
    assert!(open() > 1, "there were as many as there was work for");
    let began = Instant::now();
    while open() > 1 {
        assert!(began.elapsed() < Duration::from_secs(60), "{} are still open", open());
        std::thread::sleep(Duration::from_millis(50));
    }
    fixture.signs();
}
