//! What is refused, and with which words.

use chainbox_service::settings::{Settings, Sources};

use super::{File, load, settings};

#[track_caller]
fn refused(text: &str, problems: &[&str]) {
    assert_eq!(File::new(text).problems(), problems, "{text}");
}

#[test]
fn all_problems_are_found_at_once_each_with_its_line() {
    refused(
        "shutdown_time = 3\n\
         data = 5\n\
         [grcp]\n\
         listen = \"127.0.0.1:1\"\n\
         [limits]\n\
         conections_max = 4\n\
         queue_time_ms_max = 0\n\
         message_bytes_max = \"16 MB\"\n\
         [log]\n\
         filter = \"wran\"\n\
         format = \"text\"\n\
         [source]\n\
         name = \"a\"\n",
        &[
            "chainbox.toml:1: shutdown_time: there is no such key; did you mean shutdown_time_seconds_max? `chainbox config template` lists all keys",
            "chainbox.toml:2: data: 5 is no text; write the value in double quotes",
            "chainbox.toml:3: there is no section [grcp]; did you mean [grpc]?",
            "chainbox.toml:6: limits.conections_max: there is no such key; did you mean limits.connections_max? \
             `chainbox config template` lists all keys",
            "chainbox.toml:7: limits.queue_time_ms_max: 0 is out of range; write 1 to 600000",
            "chainbox.toml:8: limits.message_bytes_max: \"16 MB\" is no size; write a number of bytes, or one of \"KiB\", \"MiB\" or \"GiB\", as \"16 MiB\"",
            "chainbox.toml:10: log.filter: \"wran\" is no level; write a level (error, warn, info, debug, trace, off), or PART=LEVEL, \
             several with commas between: \"info,chainbox_service=debug\"",
            "chainbox.toml:11: log.format: \"text\" is not known; write \"auto\" or \"human\" or \"json\"",
            "chainbox.toml:12: source: sources are tables, one for each; write [[source]] with two brackets",
        ],
    );
}

#[test]
fn wrong_syntax_is_told_with_its_lines() {
    let problems = File::new("data = \"/a\"\n[grpc]\nlisten = \n\n[http]\nlisten = \"off\"\nlisten = \"off\"\nmode\n").problems();
    let places: Vec<_> = problems.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["chainbox.toml:3", "chainbox.toml:7", "chainbox.toml:8"], "{problems:#?}");
}

/// Names may hold anything, and a message is a line.
#[test]
fn a_problem_is_one_line() {
    refused(
        "\"a\\n\\u001b[31m\" = 1",
        &["chainbox.toml:1: a\\n\\u{1b}[31m: there is no such key; `chainbox config template` lists all keys"],
    );
    let sources = Sources { flags: vec![("x\ny".to_owned(), String::new())], ..Sources::default() };
    assert!(Settings::load(&sources).unwrap_err().to_string().starts_with("flag: x\\ny: there is no such key; "));
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem() {
    let sources = Sources { file: Some("/nonexistent/chainbox.toml".into()), ..Sources::default() };
    assert_eq!(
        Settings::load(&sources).unwrap_err().to_string(),
        "/nonexistent/chainbox.toml: cannot read the settings: No such file or directory; \
         name a file that can be read with --config, or drop the flag"
    );
    let file = File::new("");
    std::fs::write(file.path(), b"data = \"/a\"\n\xff").unwrap();
    assert_eq!(file.problems(), ["chainbox.toml: line 2 is not UTF-8; save the file as UTF-8"]);
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    for text in [
        "grpc.listen = 7410",
        "grpc.listen = \"localhost\"",
        "grpc.listen = \"127.0.0.1\"",
        "grpc.listen = [\"127.0.0.1:1\"]",
        "grpc = \"127.0.0.1:1\"",
        "socket.path = true",
        "socket.path = \"\"",
        "socket.mode = 660",
        "socket.mode = \"0444\"",
        "socket.owner = \"no-such-user-here\"",
        "socket.group = \"no-such-group-here\"",
        "limits.connections_max = -1",
        "limits.connections_max = 1.5",
        "limits.connections_max = 99999999999999999999",
        "limits.connections_max.x = 1",
        "engine.backend = \"gpu\"",
        "log.filter = \"info,[\"",
        "source = [1]",
        "source = 1",
        "[[sources]]\nname = \"a\"",
    ] {
        let problems = File::new(text).problems();
        assert_eq!(problems.len(), 1, "{text}: {problems:#?}");
        assert!(problems[0].starts_with("chainbox.toml:1: "), "{problems:#?}");
    }
}

#[test]
fn what_the_network_reaches_needs_tls_or_a_sentence() {
    refused(
        "[grpc]\nlisten = \"0.0.0.0:7410\"\n[http]\nlisten = \"192.0.2.1:7411\"\n",
        &[
            "chainbox.toml:2: grpc.listen: without TLS, 0.0.0.0:7410 is open to the network; set tls.certificate and tls.key, or listen on 127.0.0.1; \
             or write this line in [grpc]: plaintext_on_network = \"anyone on the network can read requests and change verdicts\"",
            "chainbox.toml:4: http.listen: 192.0.2.1:7411 is open to the network; listen on 127.0.0.1, \
             or write this line in [http]: plaintext_on_network = \"anyone on the network can read the page and the metrics\"",
        ],
    );
    for address in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "off"] {
        settings(&format!("grpc.listen = \"{address}\""));
    }
    for address in ["[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1", "[fe80::1]:1"] {
        assert!(load(&format!("grpc.listen = \"{address}\"")).is_err(), "{address}");
    }
    // TLS that is turned off again is none.
    assert!(load("grpc.listen = \"0.0.0.0:1\"\ntls.certificate = \"off\"\ntls.key = \"off\"").is_err());
}

/// Each listener has a sentence of its own, and takes no other.
#[test]
fn a_sentence_must_be_the_one() {
    let grpc = "anyone on the network can read requests and change verdicts";
    let http = "anyone on the network can read the page and the metrics";
    settings(&format!("[grpc]\nlisten = \"0.0.0.0:1\"\nplaintext_on_network = \"{grpc}\""));
    settings(&format!("[http]\nlisten = \"0.0.0.0:1\"\nplaintext_on_network = \"{http}\""));
    for wrong in ["true", "\"yes\"", "\"\"", &format!("\"{http}\""), &format!("\"{grpc}.\"")] {
        let problems = File::new(&format!("[grpc]\nlisten = \"0.0.0.0:1\"\nplaintext_on_network = {wrong}")).problems();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].starts_with("chainbox.toml:3: grpc.plaintext_on_network: "), "{problems:#?}");
    }
}

#[test]
fn limits_must_not_contradict_one_another() {
    refused(
        "[limits]\n\
         source_items_in_flight_max = 2_000_000\n\
         connections_max = 100\n\
         message_bytes_max = \"128 MiB\"\n\
         bytes_in_flight_max = \"32 MiB\"\n\
         queue_time_ms_max = 1\n\
         [gather]\n\
         time_us_max = 2000\n",
        &[
            "chainbox.toml:2: limits.source_items_in_flight_max: limits.source_items_in_flight_max is 2000000 and limits.items_in_flight_max is 1048576; \
             lower limits.source_items_in_flight_max, or raise limits.items_in_flight_max",
            "chainbox.toml:3: limits.connections_max: limits.source_connections_max is 1024 and limits.connections_max is 100; \
             lower limits.source_connections_max, or raise limits.connections_max",
            "chainbox.toml:4: limits.message_bytes_max: limits.message_bytes_max is 128 MiB and limits.source_bytes_in_flight_max is 64 MiB; \
             lower limits.message_bytes_max, or raise limits.source_bytes_in_flight_max",
            "chainbox.toml:5: limits.bytes_in_flight_max: limits.source_bytes_in_flight_max is 64 MiB and limits.bytes_in_flight_max is 32 MiB; \
             lower limits.source_bytes_in_flight_max, or raise limits.bytes_in_flight_max",
            "chainbox.toml:8: gather.time_us_max: requests may gather for 2ms and wait for no more than 1ms; \
             lower gather.time_us_max, or raise limits.queue_time_ms_max",
        ],
    );
}

#[test]
fn somebody_must_be_able_to_ask() {
    refused(
        "grpc.listen = \"off\"\nsocket.path = \"off\"",
        &[
            "chainbox.toml:1: grpc.listen: grpc.listen and socket.path are both \"off\", so that nobody can ask; give one of them an address",
        ],
    );
    assert!(load("grpc.listen = \"127.0.0.1:9\"\nhttp.listen = \"127.0.0.1:9\"").is_err());
    refused(
        "grpc.listen = \"127.0.0.1:7411\"",
        &["chainbox.toml:1: grpc.listen: grpc.listen is 127.0.0.1:7411 and http.listen is 127.0.0.1:7411; give one of them another port"],
    );
    settings("grpc.listen = \"127.0.0.1:0\"\nhttp.listen = \"127.0.0.1:0\"");
}

#[test]
fn the_path_of_a_socket_has_a_length() {
    settings(&format!("data = \"/{}\"", "d".repeat(107 - "//chainbox.sock".len())));
    let problems = File::new(&format!("data = \"/{}\"", "d".repeat(108 - "//chainbox.sock".len()))).problems();
    assert!(problems.len() == 1 && problems[0].contains("is longer than the 107 bytes"), "{problems:#?}");
}

#[test]
fn sources_are_told_apart() {
    let digest = "ab".repeat(32);
    refused(
        &format!(
            "[[source]]\n\
             name = \"a\"\n\
             users = [\"root\"]\n\
             [[source]]\n\
             name = \"a\"\n\
             users = [\"0\"]\n\
             [[source]]\n\
             name = \"c\"\n\
             wieght = 2\n\
             [[source]]\n\
             users = [\"77\"]\n\
             weight = 0\n\
             [[source]]\n\
             name = \"e\"\n\
             certificates = [\"node.example\", \"sha256:{digest}\"]\n\
             [[source]]\n\
             name = \"f g\"\n\
             users = [\"78\"]\n\
             [[source]]\n\
             name = \"h\"\n\
             users = [\"79\"]\n\
             items_in_flight_max = 2000000\n\
             bytes_in_flight_max = \"1 MiB\"\n\
             [[source]]\n\
             name = \"i\"\n\
             certificates = [\"Node.example\", \"sha256:{}\"]\n\
             users = [\"80\"]\n\
             [[source]]\n\
             users = [\"81\"]\n",
            digest.to_uppercase()
        ),
        &[
            "chainbox.toml:5: source.name: the name \"a\" stands at chainbox.toml:2 already; give it to one source alone",
            "chainbox.toml:6: source.users: the user \"0\" stands at chainbox.toml:3 already; give it to one source alone",
            "chainbox.toml:7: source.certificates: the source has neither certificates nor users, so that nobody can be it; name one at least",
            "chainbox.toml:9: source.wieght: there is no such key; did you mean weight? `chainbox config template` lists all keys",
            "chainbox.toml:12: source.weight: 0 is out of range; write 1 to 10000",
            "chainbox.toml:15: source.certificates: client certificates are not asked for; \
             set tls.client_authorities to the file of their authorities",
            "chainbox.toml:17: source.name: \"f g\" is no name of a source; write 1 to 64 letters, digits, -, _ or .",
            "chainbox.toml:22: source.items_in_flight_max: 2000000 is more than limits.items_in_flight_max, 1048576; lower it, or raise the limit of all",
            "chainbox.toml:23: source.bytes_in_flight_max: \"1 MiB\" is less than limits.message_bytes_max, \"16 MiB\"; raise it, so that one message fits",
            "chainbox.toml:26: source.certificates: client certificates are not asked for; \
             set tls.client_authorities to the file of their authorities",
            "chainbox.toml:26: source.certificates: the certificate \"Node.example\" stands at chainbox.toml:15 already; give it to one source alone",
            &format!(
                "chainbox.toml:26: source.certificates: the certificate \"sha256:{digest}\" stands at chainbox.toml:15 already; give it to one source alone"
            ),
            "chainbox.toml:28: source.name: the source has no name; write name = \"...\" below [[source]]",
        ],
    );
    for wrong in ["sha256:00", "sha256:", " node", "", "a\\nb"] {
        let problems = File::new(&format!("[[source]]\nname = \"a\"\ncertificates = [\"{wrong}\"]")).problems();
        assert!(problems[0].starts_with("chainbox.toml:3: source.certificates: "), "{problems:#?}");
    }
}
