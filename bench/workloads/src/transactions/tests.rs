use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::Batch,
    transaction::native::Transaction,
};

use super::*;

fn spec(suite: Suite, load: Load) -> LoadSpec {
    LoadSpec { suite, chain_id: 9, seed: 3, load, senders: 7, count: 700 }
}

/// Of every load on every suite: what is to be taken has the right nonce and verifies, and what is to be refused does not.
#[test]
fn transactions_are_as_they_say() {
    let cpu = Cpu::new();
    for suite in Suite::ALL {
        for load in [Load::Transfers, Load::Distinct, Load::Hot, Load::Records(32), Load::Invalid, Load::Forged] {
            let spec = spec(suite, load);
            let maker = Maker::new(spec);
            let items = maker.make(0..spec.count);
            assert_eq!(items, maker.make(0..512).into_iter().chain(maker.make(512..spec.count)).collect::<Vec<_>>());
            let (mut batch, mut valid) = (Batch::new(suite.shape()), Vec::new());
            let mut nonces = std::collections::HashMap::new();
            for item in &items {
                match Transaction::decode(&item.raw) {
                    Err(_) => assert!(!item.is_valid),
                    Ok(transaction) => {
                        batch.push(transaction.item()).unwrap();
                        valid.push(item.is_valid || transaction.body.chain_id != spec.chain_id);
                        assert!(transaction.payload_fits());
                        if item.is_valid {
                            let nonce = nonces.entry(transaction.sender()).or_insert(0);
                            assert_eq!((transaction.body.nonce, transaction.body.chain_id), (*nonce, spec.chain_id));
                            *nonce += 1;
                        }
                    }
                }
            }
            let verdicts = cpu.verify(&batch).unwrap();
            assert_eq!(verdicts.as_slice().iter().map(|verdict| verdict.is_valid()).collect::<Vec<_>>(), valid, "{suite} {load}");
            let mut senders: Vec<Address> = nonces.into_keys().collect();
            let mut accounts = maker.accounts();
            senders.sort_unstable();
            accounts.sort_unstable();
            assert_eq!(senders, accounts);
            let bad = items.iter().filter(|item| !item.is_valid).count() as u64;
            assert_eq!(bad, 7 * load.bad_of_hundred());
        }
    }
}

/// The same signatures by the crates' own verification.
#[test]
fn other_libraries_agree() {
    use k256::ecdsa::signature::{Verifier as _, hazmat::PrehashVerifier as _};
    for suite in Suite::ALL {
        for item in Maker::new(spec(suite, Load::Transfers)).make(0..20) {
            let Transaction { body, signed, signature } = Transaction::decode(&item.raw).unwrap();
            match suite {
                Suite::Secp256k1 => {
                    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(body.sender).unwrap();
                    let signature = k256::ecdsa::Signature::from_slice(signature).unwrap();
                    key.verify_prehash(&sign::hash(suite, &[signed]), &signature).unwrap();
                }
                Suite::P256 => {
                    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(body.sender).unwrap();
                    key.verify(signed, &p256::ecdsa::Signature::from_slice(signature).unwrap()).unwrap();
                }
                Suite::Sm => {
                    let key = sm2::dsa::VerifyingKey::from_sec1_bytes("1234567812345678", body.sender).unwrap();
                    key.verify(signed, &sm2::dsa::Signature::from_slice(signature).unwrap()).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_file_is_read_as_it_was_written_and_only_for_its_spec() {
    let path = std::env::temp_dir().join(format!("chainbox-load-{}", std::process::id()));
    let spec = LoadSpec { count: 1000, ..spec(Suite::Sm, Load::Invalid) };
    let maker = Maker::new(spec);
    write(&path, &maker, &mut |_| {}).unwrap();
    let mut file = LoadFile::open(&path, &spec).unwrap();
    let mut read = file.next(600).unwrap();
    read.extend(file.next(600).unwrap());
    assert_eq!(read, maker.make(0..1000));
    assert!(file.next(1).unwrap().is_empty());
    assert!(matches!(LoadFile::open(&path, &LoadSpec { seed: 4, ..spec }), Err(LoadError::Other)));
    std::fs::remove_file(&path).unwrap();
}
