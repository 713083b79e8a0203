use std::fs;

use super::*;

const G: &str =
    "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";

const TEXT: &str = r#"
chain_id = 7
suite = "sm"
time = "2026-11-26T08:00:00Z"
senders = "allow"
listed = ["0x0101010101010101010101010101010101010101"]
accounts_file = "accounts.csv"

[limits]
block_transactions = 1000
block_bytes = 2000000

[[validator]]
key = "KEY"

[[account]]
address = "0101010101010101010101010101010101010101"
balance = "1_000"
"#;

fn read(text: &str, accounts: &str) -> Result<Genesis, GenesisError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("genesis.toml");
    fs::write(&path, text.replace("KEY", G)).unwrap();
    fs::write(folder.path().join("accounts.csv"), accounts).unwrap();
    Genesis::read(&path)
}

#[test]
fn a_file_is_read_and_written() {
    let genesis = read(TEXT, "# address,balance\n0x0202020202020202020202020202020202020202, 5\n\n").unwrap();
    assert_eq!((genesis.chain_id, genesis.suite, genesis.senders), (7, Suite::Sm, Senders::Allow));
    assert_eq!(genesis.time_ms, 1_795_680_000_000);
    assert_eq!(genesis.accounts, [([1; 20], 1000), ([2; 20], 5)]);
    assert_eq!(read(&Source::of(&genesis).to_toml(), "").unwrap(), genesis);
    let leaves = genesis.leaves();
    assert_eq!(leaves.len(), 2);
    let account = |address| {
        let path = StateKey::Account(address).path(&genesis.hasher());
        Account::from_value(&leaves.iter().find(|leaf| leaf.path == path).unwrap().value).unwrap()
    };
    assert_eq!(account([1; 20]), Account { nonce: 0, balance: 1000, permission: Permission::Allowed });
    assert_eq!(account([2; 20]), Account { nonce: 0, balance: 5, permission: Permission::Unset });
}

#[test]
fn the_rules_are_read_without_the_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("genesis.toml");
    // The table is not even there.
    fs::write(&path, TEXT.replace("KEY", G)).unwrap();
    let rules = Genesis::read_rules(&path).unwrap();
    let whole = read(TEXT, "").unwrap();
    assert_eq!(rules, Genesis { accounts: Vec::new(), ..whole.clone() });
    assert_eq!(rules.rules_digest(), whole.rules_digest());
}

/// Whatever the file says is in the first header.
#[test]
fn another_genesis_is_another_chain() {
    let genesis = read(TEXT, "").unwrap();
    let id = |genesis: &Genesis| genesis.header(EMPTY).id();
    let mut others = vec![genesis.clone(); 6];
    others[0].chain_id = 8;
    others[1].time_ms += 1;
    others[2].senders = Senders::Deny;
    others[3].limits.bytes += 1;
    others[4].validators.push([4; 65]);
    others[5].suite = Suite::P256;
    assert!(others.iter().all(|other| id(other) != id(&genesis)));
    assert_ne!(genesis.header([1; 32]).id(), id(&genesis));
}

/// Each fault is told with its place.
#[test]
fn faults_name_their_place() {
    let message = |text: &str, accounts: &str| read(text, accounts).unwrap_err().to_string();
    let with = |from: &str, to: &str| {
        assert!(TEXT.contains(from));
        message(&TEXT.replace(from, to), "")
    };
    assert!(with("chain_id = 7", "chain_id = 0").starts_with("chain_id: 0 is no chain"));
    assert!(with("\"sm\"", "\"sm3\"").starts_with("suite: unknown suite \"sm3\""));
    assert!(with("2026-11", "2026-13").starts_with("time: "));
    assert!(with("\"allow\"", "\"open\"").starts_with("listed: accounts are listed, and everybody may send"));
    assert!(with("KEY", &G.replace("32c4", "32c5")).starts_with("validator 0: key: no key of sm"));
    assert!(with("KEY", "04ff").starts_with("validator 0: key: \"04ff\" has 2 bytes and not 65"));
    assert!(with("1_000", "-1").starts_with("account 0: balance: \"-1\" is no whole number"));
    assert!(with("1_000", "340282366920938463463374607431768211456").starts_with("account 0: balance"));
    assert!(with("block_bytes = 2000000", "block_bytes = 1000").starts_with("limits.block_bytes: 1000"));
    assert!(with("block_transactions = 1000", "block_transactions = 0").starts_with("limits.block_transactions"));
    assert!(with("[limits]", "[limit]").contains("limit"));
    let twice = "0x0101010101010101010101010101010101010101,5";
    assert_eq!(message(TEXT, twice), "account: account 0101010101010101010101010101010101010101 stands there twice");
    assert!(message(TEXT, "\n0101,5").contains("accounts.csv, line 2: "));
    assert!(message(TEXT, "01").contains("there is no comma"));
    let most = format!("0202020202020202020202020202020202020202,{}", u128::MAX);
    assert_eq!(message(TEXT, &most), "account: all balances together are above 2^128 - 1");
}
