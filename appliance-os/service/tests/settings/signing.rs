//! Settings of signing: devices, keys, and who may use them.

use std::time::{Duration, SystemTime};

use chainbox_engine::scheme::Scheme;
use chainbox_hsm::{Role, secret};
use chainbox_service::settings::{Changes, Settings, SigningDevice, Sources};

use super::{File, load, pairs, settings};

const DEVICE: &str = "[hsm]\ndevice = \"pkcs11\"\nmodule = \"/lib/p11.so\"\ntoken = \"box\"\npin_source = \"credential:pin\"\n";

const KEYS: &str = "[[hsm.key]]\nlabel = \"validator\"\nscheme = \"sm2-sm3\"\nroles = [\"vote\", \"block\"]\nchain = \"main\"\n\
                    [[hsm.key]]\nlabel = \"wallet\"\nscheme = \"ecdsa-secp256k1-keccak256\"\nroles = [\"transaction\", \"opaque\"]\n\
                    valid_until = \"2027-01-01T00:00:00Z\"\n";

fn problems(text: &str) -> Vec<String> {
    File::new(text).problems()
}

#[test]
fn a_device_its_keys_and_who_may_use_them() {
    let source = "[[source]]\nname = \"node\"\nusers = [\"4000000000\"]\nsign_keys = [\"validator\", \"wallet\"]\nsign_roles = [\"vote\", \"transaction\"]\n";
    let read =
        settings(&format!("data = \"/data\"\n{DEVICE}isolation = \"in-process\"\nthreads = \"one\"\ntime_ms_max = 500\n{KEYS}{source}"));
    assert_eq!(read.hsm.device, SigningDevice::Pkcs11);
    assert_eq!((read.hsm.is_isolated, read.hsm.is_threaded, read.hsm.is_production), (false, false, true));
    assert_eq!(read.hsm.time_max, Duration::from_millis(500));
    assert_eq!(read.hsm.pin_source, Some(secret::Source::Credential("pin".to_owned())));
    assert_eq!(read.guard_folder().to_str(), Some("/data/hsm/guard"));
    let wallet = &read.hsm.keys[1];
    assert_eq!((wallet.scheme, wallet.chain.as_deref()), (Some(Scheme::EcdsaSecp256k1Keccak256), None));
    assert_eq!(wallet.valid_until, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_798_761_600)));
    let policy = read.signing_policy();
    assert_eq!(policy.check(), Ok(()));
    let node = &policy.callers["node"].keys;
    assert_eq!((&*node["validator"], &*node["wallet"]), (&[Role::Vote][..], &[Role::Transaction][..]));
    assert_eq!(policy.keys["validator"].chain.as_deref(), Some("main"));
}

/// What `config check` shows of them, and that it is read back.
#[test]
fn they_are_shown_with_their_origins() {
    let file = File::new(&format!("{DEVICE}{KEYS}"));
    let loaded = Settings::load(&file.sources()).unwrap();
    let row = |key: &str| loaded.in_force.iter().find(|row| row.key == key).unwrap_or_else(|| panic!("{key} is not shown"));
    for (key, value, line) in [
        ("hsm.pin_source", "\"credential:pin\"", 5),
        ("hsm.key.validator.roles", "[\"vote\", \"block\"]", 9),
        ("hsm.key.wallet.valid_until", "\"2027-01-01T00:00:00Z\"", 15),
    ] {
        assert_eq!(row(key).value.as_deref(), Some(value));
        assert!(row(key).origin.to_string().ends_with(&format!("chainbox.toml:{line}")), "{:?}", row(key));
    }
    assert_eq!(row("hsm.key.validator.index").value, None);
}

#[test]
fn what_a_device_lacks_is_told() {
    for (text, part) in [
        (
            "[hsm]\ndevice = \"pkcs11\"\ntoken = \"box\"\npin_source = \"prompt\"",
            "2: hsm.device: hsm.device is \"pkcs11\" and hsm.module is not set",
        ),
        ("[hsm]\ndevice = \"pkcs11\"\nmodule = \"/m\"\npin_source = \"prompt\"", "a token is named by its label or by its serial number"),
        (
            "[hsm]\ndevice = \"pkcs11\"\nmodule = \"/m\"\ntoken = \"a\"\nserial = \"b\"\npin_source = \"prompt\"",
            "4: hsm.token: a token is named",
        ),
        ("[hsm]\ndevice = \"pkcs11\"\nmodule = \"/m\"\ntoken = \"a\"", "hsm.pin_source is not set"),
        ("[hsm]\ndevice = \"sdf\"\npin_source = \"prompt\"", "hsm.library is not set"),
        ("[hsm]\ndevice = \"software\"\nfile = \"/k\"\npin_source = \"prompt\"", "a file of keys is for development"),
        ("[hsm]\ndevice = \"hsm\"", "2: hsm.device: \"hsm\" is not known"),
        (
            "[hsm]\nrequest_items_max = 2000",
            "2: hsm.request_items_max: hsm.request_items_max is 2000 and hsm.source_items_in_flight_max is 1024",
        ),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{text}\n{found:#?}");
        assert!(found[0].contains(part), "{part}\n{found:#?}");
    }
    settings("[hsm]\ndevice = \"software\"\nfile = \"/k\"\nmode = \"development\"\npin_source = \"prompt\"");
    settings(
        "[hsm]\ndevice = \"software\"\nfile = \"/k\"\npin_source = \"prompt\"\n\
         software_in_production = \"whoever has the file and its password has the keys\"",
    );
}

/// A PIN that stands where its source should is repeated nowhere.
#[test]
fn what_may_be_a_pin_is_not_repeated() {
    for value in ["\"123456\"", "123456", "[\"123456\"]", "\"pin:123456\""] {
        let found = problems(&format!("[hsm]\npin_source = {value}"));
        assert!(found[0].starts_with("chainbox.toml:2: hsm.pin_source: "), "{found:#?}");
        assert!(!found.concat().contains("123456"), "{found:#?}");
    }
    let environment = pairs(&[("CHAINBOX_HSM_PIN", "123456"), ("CHAINBOX_HSM_PIN_SOURCE", "123456")]);
    let error = Settings::load(&Sources { environment, ..Sources::default() }).unwrap_err().to_string();
    assert!(error.contains("CHAINBOX_HSM_PIN: ") && !error.contains("123456"), "{error}");
}

#[test]
fn keys_and_who_may_use_them_are_checked() {
    let key = |rest: &str| format!("{DEVICE}[[hsm.key]]\nlabel = \"a\"\nscheme = \"sm2-sm3\"\n{rest}");
    for (text, part) in [
        (key("roles = [\"vote\"]"), "hsm.key.roles: a key that votes or proposes needs the id of its chain"),
        (key("roles = [\"vote\", \"opaque\"]\nchain = \"c\""), "may not sign opaque digests"),
        (key("roles = []"), "it has no role"),
        (key("roles = [\"votes\"]"), "unknown role \"votes\""),
        (key("roles = [\"opaque\"]\nindex = 1"), "only keys of an SDF card have an index"),
        (key("roles = [\"opaque\"]\nvalid_until = \"tomorrow\""), "\"tomorrow\" is no moment"),
        (key("roles = [\"opaque\"]\nvalid_unti = \"tomorrow\""), "hsm.key.valid_unti: there is no such key; did you mean valid_until?"),
        (format!("{DEVICE}[[hsm.key]]\nroles = [\"opaque\"]\nscheme = \"sm2-sm3\""), "the key has no label"),
        (format!("{DEVICE}[[hsm.key]]\nroles = [\"opaque\"]\nlabel = \"a\""), "the key has no scheme"),
        (
            format!("{DEVICE}{KEYS}[[hsm.key]]\nlabel = \"wallet\"\nscheme = \"sm2-sm3\"\nroles = [\"tls\"]"),
            "the label \"wallet\" stands at",
        ),
        (format!("{DEVICE}[hsm.key]\nlabel = \"a\""), "hsm.key: keys that sign are tables, one for each; write [[hsm.key]]"),
        (format!("{DEVICE}audit_key = \"wallet\"\n{KEYS}"), "the key \"wallet\" has not the role audit"),
        (format!("{DEVICE}audit_key = \"none\"\n{KEYS}"), "there is no key \"none\""),
    ] {
        let found = problems(&text);
        assert!(found.iter().any(|line| line.contains(part)), "{part}\n{text}\n{found:#?}");
    }
    for (rest, part) in [
        ("sign_keys = [\"wallet\"]", "the source has keys and no roles"),
        ("sign_roles = [\"vote\"]", "the source has roles and no keys"),
        ("sign_keys = [\"nothing\"]\nsign_roles = [\"vote\"]", "there is no key \"nothing\""),
        ("sign_keys = [\"wallet\"]\nsign_roles = [\"vote\"]", "none of its keys has the role vote"),
        ("sign_keys = [\"wallet\"]\nsign_roles = [\"audit\"]", "heads of the audit log are signed by the log alone"),
    ] {
        let found = problems(&format!("{DEVICE}{KEYS}[[source]]\nname = \"s\"\nusers = [\"4000000000\"]\n{rest}"));
        assert_eq!(found.len(), 1, "{rest}\n{found:#?}");
        assert!(found[0].contains(part), "{part}\n{found:#?}");
    }
    let off =
        problems(&format!("{KEYS}[[source]]\nname = \"s\"\nusers = [\"4000000000\"]\nsign_keys = [\"wallet\"]\nsign_roles = [\"opaque\"]"));
    assert!(off[0].contains("nothing signs here; set hsm.device"), "{off:#?}");
}

#[test]
fn cards_have_an_index_for_each_key() {
    let card = "[hsm]\ndevice = \"sdf\"\nlibrary = \"/lib/sdf.so\"\npin_source = \"credential:pin\"\n";
    let key = |label: &str, index: &str| format!("[[hsm.key]]\nlabel = \"{label}\"\nscheme = \"sm2-sm3\"\nroles = [\"tls\"]\n{index}\n");
    assert_eq!(settings(&format!("{card}{}{}", key("a", "index = 1"), key("b", "index = 2"))).hsm.keys[1].index, Some(2));
    let missing = problems(&format!("{card}{}", key("a", "")));
    assert!(missing[0].contains("the key has no index"), "{missing:#?}");
    let twice = problems(&format!("{card}{}{}", key("a", "index = 1"), key("b", "index = 1")));
    assert!(twice[0].contains("the index 1 stands at chainbox.toml:9 already"), "{twice:#?}");
}

/// Roles, ends and new keys count on a reload; what the device was opened with does not.
#[test]
fn roles_are_reloaded_and_the_device_is_not() {
    let text = format!("data = \"/data\"\n{DEVICE}{KEYS}");
    let before = settings(&text);
    let roles = settings(&text.replace("[\"vote\", \"block\"]", "[\"vote\"]").replace("[hsm]", "[hsm]\ntime_ms_max = 100"));
    assert_eq!(before.changes_to(&roles), Changes { applied: vec!["hsm.time_ms_max", "hsm.key"], needs_restart: vec![] });
    assert_eq!(before.reloaded_with(&roles), roles);
    let scheme = settings(&text.replace("secp256k1-keccak256", "secp256k1-sha256").replace("token = \"box\"", "token = \"other\""));
    assert_eq!(before.changes_to(&scheme), Changes { applied: vec![], needs_restart: vec!["hsm.token", "hsm.key"] });
    assert_eq!(before.reloaded_with(&scheme), before);
    let gone = load(&format!("data = \"/data\"\n{DEVICE}")).unwrap().settings;
    assert_eq!(before.changes_to(&gone).applied, ["hsm.key"]);
}
