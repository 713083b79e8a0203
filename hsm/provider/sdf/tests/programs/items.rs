//! The library's verdicts are the engine's and libcrypto's.

use std::{env, fs, path::PathBuf};

use chainbox_engine::{
    scheme::Scheme,
    strategy::single,
    verdict::{Reason, Verdict},
};
use chainbox_workloads::{Kind, SignedItem, Spec, Workload};

use super::host::{Host, succeeded};

/// How many items, where the environment says nothing else.
const ITEMS: u64 = 1000;
const ITEMS_VARIABLE: &str = "CHAINBOX_SDF_ITEMS";

/// A file of items as `node.c` reads it.
pub fn write(host: &Host, items: &[SignedItem]) -> PathBuf {
    let path = host.path("items");
    fs::write(&path, items.iter().flat_map(encoded).collect::<Vec<_>>()).expect("the folder can be written");
    path
}

/// Items by 64 signers, a third of them not valid in every way that the structures can hold.
pub fn items(items: u64) -> Vec<SignedItem> {
    let spec = Spec { signers: 64, invalid_share: 0.34, seed: 18, ..Spec::new(Scheme::Sm2Sm3, items) };
    let has_a_structure = |kind: &Kind| !matches!(kind, Kind::BadEncoding | Kind::Identity);
    let kinds = Kind::all_for(spec.shape()).into_iter().filter(has_a_structure).collect();
    let workload = Workload::new(Spec { invalid_kinds: kinds, ..spec }).expect("a workload");
    // Keys that are malformed by their length or their first byte have no structure either.
    workload.items(0..items).into_iter().filter(|signed| signed.item.key.len() == 65 && signed.item.key[0] == 4).collect()
}

/// The item as `node.c` reads it.
fn encoded(signed: &SignedItem) -> Vec<u8> {
    let item = &signed.item;
    let verdict = single::verify(&item.shape, &item.as_item());
    assert_eq!(verdict, signed.expected(), "{signed:?}");
    let verdict = match verdict {
        Verdict::Valid => 0,
        Verdict::Invalid(Reason::KeyMalformed | Reason::KeyNotOnCurve | Reason::KeyIsIdentity) => 2,
        Verdict::Invalid(_) => 1,
    };
    [&item.key[1..], &item.input, &item.signature, &[verdict]].concat()
}

#[test]
fn verdicts_are_the_engines_and_libcryptos() {
    let host = Host::new();
    let number =
        env::var(ITEMS_VARIABLE).map_or(ITEMS, |text| text.parse().unwrap_or_else(|_| panic!("{ITEMS_VARIABLE} is {text:?}, no number")));
    let items = items(number);
    let path = write(&host, &items);
    let file = fs::read(&path).expect("it was written");
    for verdict in 0..=2 {
        let count = file.chunks(161).filter(|item| item[160] == verdict).count();
        assert!(count > items.len() / 100, "{count} of {} items have verdict {verdict}", items.len());
    }
    for threads in ["1", "50"] {
        let log = succeeded(&host.run("node.c", &[path.to_str().expect("a path of ASCII"), threads]));
        assert!(log.contains("verified"), "the summary is logged: {log}");
    }
}
