//! Well-known recoveries on secp256k1 with Keccak-256.

use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::{Input, Recovered, RecoveryBatch},
    hash::keccak256,
    verdict::{Reason, Verdict},
};

/// EIP-155's example: the private key is 32 bytes of 0x46.
mod eip_155 {
    /// The RLP that is signed: nonce 9, chain id 1.
    pub const SIGNING_DATA: &str = "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080";
    pub const SIGNING_HASH: &str = "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53";
    /// r||s; v is 37, so the parity is 0.
    pub const SIGNATURE: &str =
        "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa63627667cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
    pub const SENDER: &str = "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f";
}

/// The vector of go-ethereum's crypto tests.
mod go_ethereum {
    pub const DIGEST: &str = "ce0677bb30baa8cf067c88db9811f4333d131bf8bcf12fe7065d211dce971008";
    /// r||s||id.
    pub const SIGNATURE: &str = "90f27b8b488db00b00606796d2987f6a5f59ae62ea05effe84fef5b8b0e549984a691139ad57a3f0b906637673aa2f63d1f55cb1a69199d4009eea23ceaddc9301";
    /// x||y.
    pub const KEY: &str =
        "e32df42865e97135acfb65f3bae71bdc86f4d49150ad6a440b6f15878109880a0a2b2667f7e725ceea70c673093bf67663e0312623c8e091b13cf2c0f11ef652";
}

#[test]
fn the_sender_of_eip_155() {
    let message = bytes(eip_155::SIGNING_DATA);
    assert_eq!(keccak256(&message).as_slice(), bytes(eip_155::SIGNING_HASH));
    let signature = [bytes(eip_155::SIGNATURE), vec![0]].concat();
    for (input, content) in [(Input::Message, &message), (Input::Digest, &bytes(eip_155::SIGNING_HASH))] {
        let recovered = recover(input, content, &signature);
        let key = recovered.key(0).expect("the example is valid");
        assert_eq!(keccak256(key)[12..], bytes(eip_155::SENDER));
    }
}

#[test]
fn the_key_of_go_ethereum() {
    let recovered = recover(Input::Digest, &bytes(go_ethereum::DIGEST), &bytes(go_ethereum::SIGNATURE));
    assert_eq!(recovered.key(0).expect("the vector is valid").as_slice(), bytes(go_ethereum::KEY));
}

/// The other parity gives another key, not an error; ids 2 and 3 name an x at or above p here; 4 and up name nothing.
#[test]
fn other_recovery_ids() {
    let digest = bytes(go_ethereum::DIGEST);
    let mut signature = bytes(go_ethereum::SIGNATURE);
    signature[64] = 0;
    let other = recover(Input::Digest, &digest, &signature);
    assert_ne!(other.key(0).expect("both parities give a key").as_slice(), bytes(go_ethereum::KEY));
    for id in [2, 3] {
        signature[64] = id;
        assert_eq!(recover(Input::Digest, &digest, &signature).verdicts.as_slice(), [Verdict::Invalid(Reason::NotRecoverable)], "id {id}");
    }
    for id in [4, 27, 255] {
        signature[64] = id;
        let recovered = recover(Input::Digest, &digest, &signature);
        assert!(!recovered.verdicts.all(), "id {id}");
        assert_eq!(recovered.keys, [[0; 64]], "id {id}");
    }
}

fn recover(input: Input, content: &[u8], signature: &[u8]) -> Recovered {
    let mut batch = RecoveryBatch::new(input, true);
    batch.push(content, signature).expect("one short item");
    Cpu::new().recover(&batch).expect("the CPU back end recovers")
}

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("the vectors are hex")
}
