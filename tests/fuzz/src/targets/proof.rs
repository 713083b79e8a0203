//! Proofs: whatever the JSON says, nothing is proven but what the one right proof proves, since nobody else has the validator's key.

use std::sync::{Arc, LazyLock};

use chainbox_engine::{hash::Hash, transaction::native::Suite};
use chainbox_node::{
    genesis::{BlockLimits, Genesis, Senders},
    merkle::Hasher,
    proof::{Fact, Proof},
    state::{Account, Leaves, MemoryLeaves, State, StateKey, StateOptions},
};

static GENESIS: LazyLock<Genesis> = LazyLock::new(|| {
    let generator = "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";
    Genesis {
        chain_id: 1,
        suite: Suite::Sm,
        time_ms: 1,
        validators: vec![hex::decode(generator).expect("hex").try_into().expect("65 bytes")],
        senders: Senders::Open,
        listed: Vec::new(),
        limits: BlockLimits::default(),
        accounts: (0..20).map(|number| ([number; 20], u128::from(number) + 1)).collect(),
    }
});

pub(crate) fn run(data: &[u8]) {
    let Ok(proof) = serde_json::from_slice::<Proof>(data) else { return };
    let again = serde_json::to_vec(&proof).expect("a proof is JSON");
    assert_eq!(serde_json::from_slice::<Proof>(&again).expect("what was written is read"), proof);
    let Ok(proven) = proof.check(&GENESIS) else { return };
    // Without a signature only the genesis is proven: the accounts that it has, and nothing of others.
    assert_eq!(proven.header.height, 0);
    match proven.fact {
        Fact::Account { address, account } => {
            let given = GENESIS.accounts.iter().find(|(of, _)| *of == address).map_or(0, |(_, balance)| *balance);
            assert_eq!(account, Account { balance: given, ..Account::default() });
        }
        Fact::Entry { value, .. } => assert_eq!(value, None),
        Fact::Transaction { .. } => panic!("the genesis has no transactions"),
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let leaves = GENESIS.leaves();
    let source: Arc<dyn Leaves> = Arc::new(MemoryLeaves::of(&leaves));
    let hasher = Hasher::new(Hash::Sm3);
    let state = State::load(hasher, source, &StateOptions::default(), 0, |give| {
        leaves.into_iter().for_each(give);
        Ok(())
    });
    let mut state = state.expect("leaves in memory");
    let header = GENESIS.header(state.root());
    let keys =
        [StateKey::Account([3; 20]), StateKey::Account([200; 20]), StateKey::Entry { owner: [3; 20], key: b"key".as_slice().into() }];
    let proof = |key: &StateKey| {
        let way = state.prove(&key.path(&hasher)).expect("leaves in memory");
        serde_json::to_vec(&Proof::of_state(&header, &Default::default(), key, way)).expect("a proof is JSON")
    };
    keys.iter().map(proof).collect()
}
