//! A chain from the command line: made, run, used, killed, run again.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use chainbox_api::{
    client::{Address, Client, Options},
    v1,
};
use chainbox_engine::transaction::native::{Suite, Transaction};
use chainbox_workloads::transactions::{Load, LoadItem, LoadSpec, Maker};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::Value;

const CHAINBOX: &str = env!("CARGO_BIN_EXE_chainbox");

/// How often the node is killed in CI; CHAINBOX_KILLS says otherwise.
const KILLS: usize = 4;

fn command(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(CHAINBOX);
    command.args(arguments).arg("--data").arg(data);
    // Settings of whoever runs the tests have no place here.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHAINBOX_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(arguments: &[&str], data: &Path) -> Output {
    command(arguments, data).output().unwrap()
}

/// What a command prints that must succeed.
fn ok(arguments: &[&str], data: &Path) -> String {
    let output = output(arguments, data);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str], data: &Path) -> Value {
    serde_json::from_str(&ok(arguments, data)).unwrap()
}

/// A node that runs. It is killed when it is dropped.
struct Running(Child);

impl Running {
    fn start(subcommand: &[&str], data: &Path) -> Self {
        let mut child = command(&[subcommand, &["--json", "--grpc", "off", "--http", "127.0.0.1:0"]].concat(), data).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if serde_json::from_str::<Value>(&line).is_err() {
            child.kill().unwrap();
            panic!("{line}{}", String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr));
        }
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn end(mut self) {
        assert!(Command::new("kill").args(["-s", "INT", &self.0.id().to_string()]).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a buyer does first: a chain with nothing to set, a document on it, its proof, which a machine without a node checks.
#[test]
fn a_document_is_recorded_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let document = folder.path().join("document.txt");
    fs::write(&document, "a document").unwrap();
    let document = document.to_str().unwrap();
    let node = Running::start(&["up"], &data);
    let recorded = json(&["tx", "record", document, "--media-type", "text/plain", "--json"], &data);
    let id = recorded["id"].as_str().unwrap();
    let shown = json(&["tx", "show", id, "--json"], &data);
    assert_eq!((shown["kind"].as_str(), shown["height"].as_u64()), (Some("record"), recorded["height"].as_u64()));
    ok(&["tx", "put", "key", "value"], &data);
    let account = ok(&["account", "address"], &data).trim().to_owned();
    assert_eq!(ok(&["account", "entry", &account, "key"], &data), "value\n");
    ok(&["tx", "transfer", "--to", &"01".repeat(20), "--amount", "5"], &data);
    assert_eq!(json(&["account", "show", &"01".repeat(20), "--json"], &data)["balance"], "5");
    let proof = folder.path().join("proof.json");
    ok(&["proof", "get", "transaction", id, "-o", proof.to_str().unwrap()], &data);
    let absent = folder.path().join("absent.json");
    ok(&["proof", "get", "entry", &account, "nothing", "-o", absent.to_str().unwrap()], &data);
    // Too much, and the node says so.
    let refused = output(&["tx", "transfer", "--to", &"01".repeat(20), "--amount", "340282366920938463463374607431768211455"], &data);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("refused: the amount is"));
    node.end();
    // No node any more.
    let genesis = data.join("chain/genesis.toml");
    let genesis = genesis.to_str().unwrap();
    let check = |proof: &PathBuf, more: &[&str]| {
        let arguments = [&["proof", "check", proof.to_str().unwrap(), "--genesis", genesis, "--json"], more].concat();
        let output = Command::new(CHAINBOX).args(arguments).output().unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (code, fact) = check(&proof, &["--file", document]);
    assert_eq!((code, fact["kind"].as_str(), fact["id"].as_str()), (Some(0), Some("record"), Some(id)));
    let (code, fact) = check(&absent, &[]);
    assert_eq!((code, &fact["value"]), (Some(0), &Value::Null));
    assert_eq!(check(&proof, &["--file", genesis]).0, Some(1), "another document");
    let text = fs::read_to_string(&proof).unwrap();
    fs::write(&proof, text.replace("\"index\":0", "\"index\":1")).unwrap();
    assert_eq!(check(&proof, &[]).0, Some(1), "another place");
    let failed = output(&["node", "status"], &data);
    assert_eq!(failed.status.code(), Some(2));
}

#[test]
fn a_chain_is_made_once_and_its_faults_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let message = |output: Output| String::from_utf8(output.stderr).unwrap();
    assert!(message(output(&["node", "run"], &data)).contains("there is no chain in"));
    let account = format!("{}=7", "02".repeat(20));
    let made = json(&["node", "init", "--suite", "p256", "--chain-id", "42", "--account", &account, "--json"], &data);
    assert_eq!((made["chain_id"].as_u64(), made["suite"].as_str()), (Some(42), Some("p256")));
    assert!(message(output(&["node", "init"], &data)).contains("is there already"));
    let node = Running::start(&["node", "run"], &data);
    assert_eq!(json(&["account", "show", &"02".repeat(20), "--json"], &data)["balance"], "7");
    let status = json(&["node", "status", "--json"], &data);
    assert_eq!((status["chain_id"].as_u64(), status["height"].as_u64()), (Some(42), Some(1)));
    node.end();
    let genesis = data.join("chain/genesis.toml");
    let text = fs::read_to_string(&genesis).unwrap();
    fs::write(&genesis, text.replace("chain_id = 42", "chain_id = 43")).unwrap();
    assert!(message(output(&["node", "run"], &data)).contains("the folder has another chain than the genesis file"));
    fs::write(&genesis, text.replace("p256", "p-256")).unwrap();
    assert!(message(output(&["node", "run"], &data)).contains("suite: unknown suite \"p-256\""));
}

/// What an operator does before anything breaks, and after: a backup and an export of a node that runs, and the chain again elsewhere.
#[test]
fn a_chain_moves_by_files() {
    let folder = tempfile::tempdir().unwrap();
    let [data, other, copy] = ["data", "other", "copy"].map(|name| folder.path().join(name));
    let [backup, keyless, export] = ["chain.backup", "keyless.backup", "chain.export"].map(|name| folder.path().join(name));
    let [backup, keyless, export] = [&backup, &keyless, &export].map(|path| path.to_str().unwrap());
    json(&["node", "init", "--chain-id", "5", "--json"], &data);
    let settings = ["--set", "chain.snapshot_blocks=2"];
    let node = Running::start(&[&["node", "run"], &settings[..]].concat(), &data);
    for number in 0..4 {
        ok(&["tx", "put", "key", &number.to_string()], &data);
    }
    let height = json(&["node", "status", "--json"], &data)["height"].as_u64().unwrap();
    let made = json(&["node", "backup", "-o", backup, "--json"], &data);
    assert_eq!(made["last"].as_u64(), Some(height));
    assert!(ok(&["node", "backup", "-o", keyless, "--without-keys"], &data).contains("it has no keys"));
    assert_eq!(json(&["node", "export", "-o", export, "--json"], &data)["last"].as_u64(), Some(height));
    let account = ok(&["account", "address"], &data).trim().to_owned();
    ok(&["tx", "put", "key", "lost"], &data);
    assert_eq!(output(&["node", "import", export], &data).status.code(), Some(2), "the node runs");
    node.end();

    // The box is gone; its backup is not.
    let restored = json(&["node", "restore", backup, "--json"], &other);
    assert_eq!(restored["height"].as_u64(), Some(height));
    assert!(String::from_utf8_lossy(&output(&["node", "restore", backup], &other).stderr).contains("is there already"));
    let node = Running::start(&["node", "run"], &other);
    assert_eq!(ok(&["account", "entry", &account, "key"], &other), "3\n");
    ok(&["tx", "put", "key", "new"], &other);
    node.end();
    json(&["node", "verify-store", "--json"], &other);

    // Whoever has the genesis checks every block, and has no key.
    let genesis = data.join("chain/genesis.toml");
    json(&["node", "init", "--genesis", genesis.to_str().unwrap(), "--json"], &copy);
    assert_eq!(json(&["node", "import", export, "--json"], &copy)["height"].as_u64(), Some(height));
    assert_eq!(json(&["node", "verify-store", "--json"], &copy)["checked"]["blocks"].as_u64(), Some(height));
    assert!(String::from_utf8_lossy(&output(&["node", "run"], &copy).stderr).contains("has no key that votes"));
    let bytes = fs::read(export).unwrap();
    let changed = folder.path().join("changed");
    fs::write(&changed, &bytes[..bytes.len() / 2]).unwrap();
    let refused = output(&["node", "import", changed.to_str().unwrap(), "--json"], &copy);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("cut off or damaged"));
    let keyless = json(&["node", "restore", keyless, "--json"], &folder.path().join("keyless"));
    assert_eq!(keyless["height"].as_u64(), Some(height));
    let pruned = json(&["node", "prune", "--keep-blocks", "1", "--json"], &data);
    assert_eq!(pruned["first_block"].as_u64(), Some(1), "one file of blocks: all of it stays");
    assert!(json(&["node", "snapshot", "--json"], &data)["height"].as_u64() > Some(height));
}

/// Connections that ask nothing; CHAINBOX_IDLE says otherwise, up to what the system lets one process open.
const IDLE: usize = 10_000;

/// Ten thousand clients that are connected and ask nothing keep nobody from a confirmation, and a node that ends does not wait for them.
#[test]
fn idle_connections_cost_nothing() {
    let wanted = std::env::var("CHAINBOX_IDLE").map_or(IDLE, |text| text.parse().expect("a number of connections"));
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let limit = soft.max(hard.min(wanted as u64 + 2_000));
    setrlimit(Resource::RLIMIT_NOFILE, limit, hard).unwrap();
    let count = wanted.min(limit as usize - 500);
    println!("{count} connections");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    json(&["node", "init", "--json"], &data);
    let settings = ["--set", "limits.connections_max=12000", "--set", "limits.source_connections_max=11000"];
    let node = Running::start(&[&["node", "run"], &settings[..]].concat(), &data);
    // As a client begins: the preface of HTTP/2 and empty settings.
    let idle: Vec<UnixStream> = (0..count)
        .map(|number| {
            let mut stream = UnixStream::connect(data.join("chainbox.sock")).unwrap();
            stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap_or_else(|error| panic!("{number}: {error}"));
            stream
        })
        .collect();
    // Each is served: the server says what it allows.
    for stream in idle.iter().step_by(97) {
        let mut head = [0; 9];
        (&*stream).read_exact(&mut head).unwrap();
        assert_eq!(head[3], 4, "settings");
    }
    ok(&["tx", "put", "key", "value"], &data);
    ok(&["tx", "put", "key", "again"], &data);
    assert_eq!(json(&["node", "status", "--json"], &data)["height"], 3);
    node.end();
    drop(idle);
}

/// Killed at any moment under load: what was confirmed stands where it stood, nothing stands twice, and the chain goes on.
#[test]
fn what_was_confirmed_survives_kill_9() {
    let kills = std::env::var("CHAINBOX_KILLS").map_or(KILLS, |text| text.parse().expect("a number of kills"));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let spec = LoadSpec { suite: Suite::Sm, chain_id: 1, seed: 5, load: Load::Transfers, senders: 20, count: 1 << 16 };
    let maker = Maker::new(spec);
    let table = folder.path().join("accounts.csv");
    let lines: String = maker.accounts().iter().map(|account| format!("{},{}\n", hex::encode(account), maker.balance())).collect();
    fs::write(&table, lines).unwrap();
    ok(&["node", "init", "--accounts", table.to_str().unwrap()], &data);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut confirmed: Places = HashMap::new();
    let mut first = 0;
    for kill in 0..kills {
        let node = Running::start(&["node", "run"], &data);
        let address = Address::Unix(data.join("chainbox.sock"));
        runtime.block_on(check_and_load(&address, &maker, &mut confirmed, &mut first));
        // Another moment each time.
        let found = Arc::new(Mutex::new(HashMap::new()));
        let sending = runtime.spawn(send(address, maker.make(first..first + 4096), Arc::clone(&found)));
        // Every second time something is confirmed already, however slow the machine is.
        while kill % 2 == 0 && found.lock().unwrap().is_empty() && !sending.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis((kill as u64 * 97) % 400));
        node.kill();
        runtime.block_on(sending).unwrap();
        confirmed.extend(found.lock().unwrap().drain());
    }
    let node = Running::start(&["node", "run"], &data);
    let address = Address::Unix(data.join("chainbox.sock"));
    runtime.block_on(check_and_load(&address, &maker, &mut confirmed, &mut first));
    assert!(confirmed.len() > kills, "{} confirmed", confirmed.len());
    node.end();
    for more in [&[][..], &["--without-hints"]] {
        let checked = json(&[&["node", "verify-store", "--json"], more].concat(), &data);
        assert!(checked["checked"]["transactions"].as_u64() >= Some(confirmed.len() as u64));
    }
}

/// Where transactions were confirmed, by their identities.
type Places = HashMap<[u8; 32], (u64, u32)>;

/// That what was confirmed is where it was; then the number from which on transactions are new to the chain.
async fn check_and_load(address: &Address, maker: &Maker, confirmed: &mut Places, first: &mut u64) {
    let client = Client::connect(address, Options::default()).await.unwrap();
    let mut chain = client.chain();
    for (id, place) in &*confirmed {
        let request = v1::TransactionRequest { id: Bytes::copy_from_slice(id) };
        let found = chain.transaction(request).await.expect("what was confirmed is there").into_inner();
        assert_eq!((found.height, found.index), *place);
    }
    let mut least = u64::MAX;
    for account in maker.accounts() {
        let account = chain.account(v1::AccountRequest { address: Bytes::copy_from_slice(&account) }).await.unwrap().into_inner();
        least = least.min(account.nonce);
    }
    // Numbers are taken from the last multiple of a chunk on: those that the chain has already are refused, and stand in no second block.
    *first = least * 20 / 256 * 256;
}

/// Sends transactions in requests until the node is gone, and notes what was confirmed.
async fn send(address: Address, items: Vec<LoadItem>, found: Arc<Mutex<Places>>) {
    let Ok(client) = Client::connect(&address, Options::default()).await else { return };
    let mut chain = client.chain();
    for items in items.chunks(64) {
        let transactions: Vec<Bytes> = items.iter().map(|item| Bytes::from(item.raw.clone())).collect();
        let request = v1::SubmitRequest { transactions, wait: v1::Wait::Confirmed.into(), tag: 0 };
        let Ok(answer) = chain.submit(request).await else { return };
        let answer = answer.into_inner();
        let mut found = found.lock().unwrap();
        for ((item, height), index) in items.iter().zip(answer.heights).zip(answer.indexes) {
            if height > 0 {
                let id = Transaction::decode(&item.raw).unwrap().id();
                assert_eq!(found.insert(id, (height, index)), None, "confirmed twice");
            }
        }
    }
}
