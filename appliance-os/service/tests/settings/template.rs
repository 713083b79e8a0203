//! The commented file: equal to the checked-in one, and what stands in it is so.

use std::path::Path;

use chainbox_service::settings::{Settings, Sources, template};

use super::{pairs, settings};

/// `CHAINBOX_WRITE_GENERATED=1` writes it.
#[test]
fn the_template_that_is_checked_in_is_the_one_that_the_keys_make() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("chainbox.toml");
    if std::env::var_os("CHAINBOX_WRITE_GENERATED").is_some() {
        std::fs::write(&path, template(&[])).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap();
    assert!(checked_in == template(&[]), "chainbox.toml differs: write it with CHAINBOX_WRITE_GENERATED=1");
}

#[test]
fn as_it_is_it_sets_nothing() {
    let set = template(&[]).lines().filter(|line| !line.starts_with('#') && !line.starts_with('[') && !line.is_empty()).count();
    assert_eq!(set, 0);
    assert_eq!(settings(&template(&[])), settings(""));
}

/// Every line that is turned on alone is right, but for users and files that the machine may lack, and, where it is no example, a default.
/// Examples of a device that signs are right together alone, which other tests see to.
#[test]
fn every_line_of_it_can_be_turned_on() {
    let text = template(&[]);
    let flat = text.split("#[[source]]").next().unwrap();
    let defaults = settings("data = \"/var/lib/chainbox\"");
    let mut keys = 0;
    for line in flat.lines().filter(|line| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ")) {
        let name = line.split(' ').next().unwrap();
        let of_signing = ["#module", "#token", "#serial", "#sm2_sign_mechanism", "#sm2_generate_mechanism", "#library", "#file"];
        let more_of_signing = ["#pin_source", "#software_in_production", "#guard", "#audit", "#audit_key", "#vote_key"];
        let machines_own = ["#owner", "#group", "#certificate", "#key", "#client_authorities"];
        if machines_own.iter().chain(&of_signing).chain(&more_of_signing).any(|skipped| *skipped == name) {
            continue;
        }
        keys += 1;
        let turned_on = flat.replace(&format!("\n{line}\n"), &format!("\n{}\n", &line[1..]));
        assert_ne!(turned_on, flat, "{line}");
        let mut read = settings(&turned_on);
        if !line.starts_with("#data") && !line.starts_with("#path") {
            (read.data, read.socket.path) = (defaults.data.clone(), defaults.socket.path.clone());
        }
        read.data.clone_from(&defaults.data);
        assert_eq!(read, defaults, "{line}");
    }
    assert!(keys > 20, "{keys}");
}

/// The tables that may stand many times, as they stand there, are right once what they need is set.
#[test]
fn the_tables_of_it_can_be_turned_on() {
    let text = template(&[]);
    let (_, tables) = text.split_once("#[[source]]").unwrap();
    let users = format!("#users = [\"{}\"]", nix::unistd::getuid());
    let tables: String = format!("#[[source]]{tables}")
        .lines()
        .filter(|line| {
            !line.starts_with("#certificates") && !["#index", "#sm2_id", "#pin_source"].iter().any(|name| line.starts_with(name))
        })
        .map(|line| if line.starts_with("#users") { &users } else { line })
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n")
        .collect();
    let device =
        "[hsm]\ndevice = \"pkcs11\"\nmodule = \"/usr/lib/softhsm/libsofthsm2.so\"\ntoken = \"chainbox\"\npin_source = \"env:PIN\"\n";
    let read = settings(&format!("{device}{tables}"));
    assert_eq!((read.sources.len(), read.hsm.keys.len()), (1, 1));
    assert_eq!(read.signing_policy().callers.len(), 1, "the examples fit one another");
}

#[test]
fn lines_fit() {
    let text = template(&[]);
    let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 100).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn what_is_set_stands_in_it_and_is_read_back() {
    let sources = Sources {
        flags: pairs(&[
            ("data", "/srv/box"),
            ("socket.path", "/run/box/box.sock"),
            ("log.filter", "warn"),
            ("limits.message_bytes_max", "8 MiB"),
        ]),
        ..Sources::default()
    };
    let loaded = Settings::load(&sources).unwrap();
    let text = template(&loaded.in_force);
    assert!(text.contains("\ndata = \"/srv/box\"\n") && text.contains("\nmessage_bytes_max = \"8 MiB\"\n"), "{text}");
    assert_eq!(settings(&text), loaded.settings);
    // What is off is off there too.
    let sources = Sources { flags: pairs(&[("data", "/srv/box"), ("socket.path", "off"), ("http.listen", "off")]), ..Sources::default() };
    let loaded = Settings::load(&sources).unwrap();
    assert_eq!(settings(&template(&loaded.in_force)), loaded.settings);
}
