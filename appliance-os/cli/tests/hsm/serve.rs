//! The service signs on a token, in a process of its own that may be killed.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use chainbox_api::client::{Address, Options, RemoteSigner};
use chainbox_engine::scheme::Scheme;
use chainbox_hsm::{
    Deadline, KeyInfo, Payload, Signer,
    device::contract::verifies,
    payload::{SM2_ID, digest},
    signer::{Caller, SignRequest},
};
use serde_json::Value;

use crate::token::{CHAINBOX, Token, lines};

/// A test that takes that long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the process of a child is called on its command line.
const HOST: &str = "hsm-host";

pub struct Served {
    child: Child,
    addresses: Value,
}

impl Served {
    fn start(token: &Token, config: &str) -> Self {
        Self::run(token, &["serve"], config)
    }

    pub fn run(token: &Token, subcommand: &[&str], config: &str) -> Self {
        let mut command = Command::new(CHAINBOX);
        command.args(subcommand).args(["--json", "--config", config, "--set", "engine.devices=none"]).stdin(Stdio::null());
        let mut child = token.environment(&mut command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let Ok(addresses) = serde_json::from_str(&line) else {
            child.kill().unwrap();
            panic!("{line}{}", String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr))
        };
        Self { child, addresses }
    }

    pub fn end(mut self) {
        signal(self.child.id(), "INT");
        assert!(self.child.wait().unwrap().success());
    }

    /// The process that holds the module.
    fn host(&self) -> Option<u32> {
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        pids.into_iter().find(|pid: &u32| {
            let parent = fs::read_to_string(format!("/proc/{pid}/stat"))
                .ok()
                .and_then(|stat| stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok());
            let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            parent == Some(self.child.id()) && command.split('\0').any(|argument| argument == HOST)
        })
    }

    fn get(&self, path: &str) -> String {
        let address = self.addresses["http"].as_str().unwrap().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn clients_sign_on_the_token_also_after_its_process_was_killed() {
    let token = Token::new();
    let tables = format!(
        "[[hsm.key]]\nlabel = \"web\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"transaction\"]\n\
         [[source]]\nname = \"me\"\nusers = [\"{}\"]\nsign_keys = [\"web\"]\nsign_roles = [\"transaction\"]\n",
        nix::unistd::getuid(),
    );
    let settings = token.settings(&tables);
    let config = settings.to_str().unwrap();
    lines(&token.run(&["hsm", "generate", "web", "--config", config, "--json"]));
    let mut served = Served::start(&token, config);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let address: Address = served.addresses["socket"].as_str().unwrap().parse().unwrap();
    let signer = runtime.block_on(RemoteSigner::connect(&address, Options::default())).unwrap();
    let key: KeyInfo = runtime.block_on(signer.key(&"web".parse().unwrap(), Deadline::after(PATIENCE))).unwrap();
    let sign = |number: u8| {
        let payload = Payload::Transaction(vec![number; 50]);
        let requests = vec![SignRequest { key: key.label.clone(), payload: payload.clone() }];
        let answer = runtime.block_on(signer.sign(&Caller(String::new()), requests, Deadline::after(PATIENCE))).remove(0);
        let signed = answer.unwrap_or_else(|error| panic!("{error}"));
        let digest = digest(&payload, Scheme::EcdsaP256Sha256, &signed.public_key, SM2_ID).unwrap();
        assert!(verifies(&key, &digest, &signed.signature));
    };
    sign(1);
    let first = served.host().expect("the module has a process of its own");
    signal(first, "KILL");
    sign(2);
    let begin = Instant::now();
    let second = loop {
        match served.host() {
            Some(pid) if pid != first => break pid,
            _ => assert!(begin.elapsed() < PATIENCE, "no other process"),
        }
    };
    sign(3);
    assert!(served.get("/metrics").contains("chainbox_sign_device_restarts_total{device=\"pkcs11:box\"} 1"));
    signal(served.child.id(), "TERM");
    let ended = served.child.wait().unwrap();
    assert_eq!(ended.code(), Some(0));
    assert!(!fs::exists(format!("/proc/{second}")).unwrap(), "the process of the module is left");
}
