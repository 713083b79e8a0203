//! File, environment and flags: a later one wins, and each value knows where it comes from.

use std::{path::PathBuf, time::Duration};

use chainbox_service::settings::{Devices, LogFormat, Origin, Settings, Source, Sources};

use super::{File, lines, pairs, settings};

#[test]
fn with_nothing_set_the_defaults_hold() {
    let sources = Sources { environment: pairs(&[("HOME", "/home/node")]), ..Sources::default() };
    let loaded = Settings::load(&sources).unwrap();
    assert_eq!(loaded.settings, Settings::with_data("/home/node/.local/state/chainbox".into()));
    assert!(loaded.in_force.iter().all(|row| row.origin == Origin::Default));
}

#[test]
fn the_state_folder_of_the_user_is_the_data_folder() {
    let data = |environment: &[(&str, &str)]| {
        Settings::load(&Sources { environment: pairs(environment), ..Sources::default() }).unwrap().settings.data
    };
    assert_eq!(data(&[("HOME", "/h"), ("XDG_STATE_HOME", "/state")]), PathBuf::from("/state/chainbox"));
    assert_eq!(data(&[("HOME", "/h"), ("XDG_STATE_HOME", "relative")]), PathBuf::from("/h/.local/state/chainbox"));
    assert_eq!(data(&[]), PathBuf::from("/var/lib/chainbox"));
}

#[test]
fn every_key_can_be_set_in_the_file() {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(0)).unwrap().unwrap().name;
    let group = nix::unistd::Group::from_gid(nix::unistd::Gid::from_raw(0)).unwrap().unwrap().name;
    let read = settings(&format!(
        r#"
        data = "/srv/box"
        shutdown_time_seconds_max = 7
        [grpc]
        listen = "0.0.0.0:1"
        plaintext_on_network = "anyone on the network can read requests and change verdicts"
        [socket]
        path = "/run/box.sock"
        owner = "{user}"
        group = "{group}"
        mode = "0600"
        [http]
        listen = "[::]:2"
        plaintext_on_network = "anyone on the network can read the page and the metrics"
        [limits]
        message_bytes_max = "1 MiB"
        items_in_flight_max = 1_000
        source_items_in_flight_max = 100
        bytes_in_flight_max = 0x4000000
        source_bytes_in_flight_max = "2 MiB"
        queue_time_ms_max = 11
        transfer_time_seconds_max = 12
        connections_max = 13
        source_connections_max = 3
        calls_per_connection_max = 5
        [gather]
        time_us_max = 250
        [engine]
        backend = "cpu"
        devices = ["opencl", "cuda:1"]
        threads = 3
        key_table_bytes_max = "1 GiB"
        [log]
        filter = "warn,chainbox_service=debug"
        format = "json"
        [[source]]
        name = "one"
        users = ["{user}"]
        [[source]]
        name = "two"
        users = ["4000000000"]
        weight = 7
        items_in_flight_max = 10
        bytes_in_flight_max = "3 MiB"
        "#
    ));
    let mut wanted = Settings::with_data("/srv/box".into());
    wanted.shutdown_time_max = Duration::from_secs(7);
    wanted.grpc.listen = Some("0.0.0.0:1".parse().unwrap());
    wanted.socket.path = Some("/run/box.sock".into());
    wanted.socket.owner = Some(user.clone());
    wanted.socket.group = Some(group);
    wanted.socket.mode = 0o600;
    wanted.http.listen = Some("[::]:2".parse().unwrap());
    wanted.limits.message_bytes_max = 1 << 20;
    wanted.limits.items_in_flight_max = 1000;
    wanted.limits.source_items_in_flight_max = 100;
    wanted.limits.bytes_in_flight_max = 64 << 20;
    wanted.limits.source_bytes_in_flight_max = 2 << 20;
    wanted.limits.queue_time_max = Duration::from_millis(11);
    wanted.limits.transfer_time_max = Duration::from_secs(12);
    wanted.limits.connections_max = 13;
    wanted.limits.source_connections_max = 3;
    wanted.limits.calls_per_connection_max = 5;
    wanted.gather.time_max = Duration::from_micros(250);
    wanted.engine.devices = Devices::Named(vec!["opencl".to_owned(), "cuda:1".to_owned()]);
    wanted.engine.threads = 3;
    wanted.engine.key_table_bytes = 1 << 30;
    wanted.log.filter = "warn,chainbox_service=debug".to_owned();
    wanted.log.format = LogFormat::Json;
    wanted.sources = vec![
        Source {
            name: "one".to_owned(),
            certificates: vec![],
            users: vec![user],
            weight: 100,
            items_in_flight_max: 100,
            bytes_in_flight_max: 2 << 20,
            sign_keys: Vec::new(),
            sign_roles: Vec::new(),
        },
        Source {
            name: "two".to_owned(),
            certificates: vec![],
            users: vec!["4000000000".to_owned()],
            weight: 7,
            items_in_flight_max: 10,
            bytes_in_flight_max: 3 << 20,
            sign_keys: Vec::new(),
            sign_roles: Vec::new(),
        },
    ];
    assert_eq!(read, wanted);
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = File::new("limits.connections_max = 3000\nhttp.listen = \"127.0.0.1:1\"\n\n[grpc]\nlisten = \"127.0.0.1:1\"\n");
    let sources = Sources {
        file: Some(file.path()),
        environment: pairs(&[("CHAINBOX_GRPC_LISTEN", "127.0.0.1:2"), ("CHAINBOX_HTTP_LISTEN", "127.0.0.1:3"), ("PATH", "/bin")]),
        flags: pairs(&[("grpc.listen", "127.0.0.1:4"), ("grpc.listen", "127.0.0.1:5"), ("data", "/data")]),
    };
    let loaded = Settings::load(&sources).unwrap();
    let row = |key: &str| {
        let row = loaded.in_force.iter().find(|row| row.key == key).unwrap();
        (row.value.clone().unwrap_or_default(), row.origin.to_string().replace(&format!("{}/", file.dir.path().display()), ""))
    };
    let owned = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    assert_eq!(row("grpc.listen"), owned("\"127.0.0.1:5\"", "flag"));
    assert_eq!(row("http.listen"), owned("\"127.0.0.1:3\"", "environment CHAINBOX_HTTP_LISTEN"));
    assert_eq!(row("limits.connections_max"), owned("3000", "chainbox.toml:1"));
    assert_eq!(row("limits.source_connections_max"), owned("1024", "default"));
    // The socket's default follows the data folder, whoever sets it.
    assert_eq!(row("socket.path"), owned("\"/data/chainbox.sock\"", "default"));
    assert_eq!(loaded.settings.grpc.listen, Some("127.0.0.1:5".parse().unwrap()));
}

#[test]
fn off_turns_listeners_off() {
    let off = settings("grpc.listen = \"off\"\nhttp.listen = \"off\"");
    assert_eq!((off.grpc.listen, off.http.listen), (None, None));
    assert_eq!(settings("socket.path = \"off\"").socket.path, None);
}

#[test]
fn devices_are_a_word_or_names() {
    let named = |names: &[&str]| Devices::Named(names.iter().map(|name| (*name).to_owned()).collect());
    for (written, wanted) in [
        ("\"auto\"", Devices::Auto),
        ("\"none\"", Devices::None),
        ("\"wgpu\"", named(&["wgpu"])),
        ("[\"wgpu:0\", \"fpga-sim\"]", named(&["wgpu:0", "fpga-sim"])),
    ] {
        assert_eq!(settings(&format!("engine.devices = {written}")).engine.devices, wanted);
    }
    let sources = Sources { environment: pairs(&[("CHAINBOX_ENGINE_DEVICES", "opencl, cuda:1")]), ..Sources::default() };
    assert_eq!(Settings::load(&sources).unwrap().settings.engine.devices, named(&["opencl", "cuda:1"]));
    for wrong in ["[]", "\"\"", "\"Opencl\"", "[\"opencl:x\"]", "[\"opencl\", \"opencl\"]", "[\"auto\"]", "true", "\"a,,b\""] {
        let problems = File::new(&format!("engine.devices = {wrong}")).problems();
        assert!(problems[0].starts_with("chainbox.toml:1: engine.devices: "), "{problems:?}");
    }
}

#[test]
fn paths_of_flags_begin_in_this_folder_and_those_of_the_file_at_the_root() {
    let here = std::env::current_dir().unwrap();
    let sources = Sources { flags: pairs(&[("data", "state")]), ..Sources::default() };
    assert_eq!(Settings::load(&sources).unwrap().settings.data, here.join("state"));
    assert_eq!(
        File::new("data = \"~/state\"").problems(),
        ["chainbox.toml:1: data: the path \"~/state\" does not begin at the root; \
          write it with a / in front; ~ and variables have no meaning here"]
    );
}

#[test]
fn unknown_variables_are_reported_where_they_look_like_settings() {
    let sources = Sources {
        environment: pairs(&[
            ("CHAINBOX_TEST_SEED", "1"),
            ("CHAINBOX_ETHEREUM_VECTORS", "/v"),
            ("CHAINBOX_GRPC_LISTENS", "127.0.0.1:1"),
            ("CHAINBOX_SOURCE_NAME", "a"),
            ("CHAINBOX_ENGINE_THREADS", "many"),
        ]),
        flags: pairs(&[("grpc.lisen", "127.0.0.1:1"), ("source.weight", "1")]),
        ..Sources::default()
    };
    let problems = Settings::load(&sources).unwrap_err();
    assert_eq!(
        lines(&problems, "/nowhere".as_ref()),
        [
            "environment CHAINBOX_GRPC_LISTENS: no key has this variable; did you mean CHAINBOX_GRPC_LISTEN? Else drop it",
            "environment CHAINBOX_SOURCE_NAME: no key has this variable; sources stand in the file alone, as tables [[source]]: drop the variable",
            "environment CHAINBOX_ENGINE_THREADS: engine.threads: \"many\" is no whole number that fits 64 bits; write digits alone",
            "flag: grpc.lisen: there is no such key; did you mean grpc.listen? `chainbox config template` lists all keys",
            "flag: source.weight: there is no such key; sources stand in the file alone, as tables [[source]]: drop the flag",
        ]
    );
}
