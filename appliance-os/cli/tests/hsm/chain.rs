//! A chain whose validator's key is on a token.

use std::fs;

use super::{
    serve::Served,
    token::{LABEL, Token, lines, text},
};

#[test]
fn a_chain_votes_with_a_key_on_the_token() {
    let token = Token::new();
    let table = "[[hsm.key]]\nlabel = \"validator\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"vote\"]\nchain = \"9\"\n\n[chain]\nvote_key = \"validator\"\n";
    let config = token.settings(table);
    let config = config.to_str().unwrap();
    let init = ["node", "init", "--suite", "p256", "--chain-id", "9", "--json", "--config", config];
    let none = token.run(&init);
    assert_eq!(none.status.code(), Some(2), "{none:?}");
    assert!(text(&none.stderr).contains("validator"), "the token has no such key yet: {none:?}");
    let generated = token.hsm(&["generate", "validator", "--algorithm", "ecdsa-p256"]);
    assert!(generated.status.success(), "{generated:?}");
    assert!(token.run(&["hsm", "guard", "create", "--config", config]).status.success());
    lines(&token.run(&init));
    let chain = token.path("data/chain");
    let genesis = fs::read_to_string(chain.join("genesis.toml")).unwrap();
    let listed = token.hsm(&["list", "--json"]);
    let key = lines(&listed).iter().find_map(|line| Some(line["public_key"].as_str()?.to_owned())).unwrap();
    assert!(genesis.contains(&key), "{key} of {LABEL} is no validator in {genesis}");

    let node = Served::run(&token, &["node", "run"], config);
    let document = token.path("document");
    fs::write(&document, "a document").unwrap();
    let data = token.path("data");
    let data = data.to_str().unwrap();
    let recorded = lines(&token.run(&["tx", "record", document.to_str().unwrap(), "--json", "--data", data]));
    assert_eq!(recorded[0]["height"], 2);
    node.end();
    let checked = lines(&token.run(&["node", "verify-store", "--json", "--config", config]));
    assert_eq!(checked[0]["checked"]["blocks"], 2);
    // The audit log has every vote.
    let audit = lines(&token.run(&["hsm", "audit", "--json", "--config", config]));
    assert_eq!(audit[0]["records"], 2, "{audit:?}");

    // Another key of the token is not the validator: a node that voted with it would vote for nothing.
    assert!(token.hsm(&["generate", "another", "--algorithm", "ecdsa-p256"]).status.success());
    token.settings(&table.replace("validator", "another"));
    let refused = token.run(&["node", "run", "--config", config]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(text(&refused.stderr).contains("the key another is not the validator that the genesis names"), "{refused:?}");
}
