//! A small run from end to end: both sides answer right, and the report has a row for each scheme and for recovery.

use chainbox_bench::{
    cpu::{Options, run},
    machine::Machine,
};

#[test]
fn each_scheme_and_recovery_have_a_row_a_thread_count() {
    let machine = Machine { cores: 2, ..Machine::this() };
    let mut shown = 0;
    let report = run(Options { items: 20, samples: 1 }, machine, |_| shown += 1).unwrap();
    let rows = serde_json::to_value(&report).unwrap()["results"].as_array().unwrap().clone();
    let names: Vec<_> = rows.iter().map(|row| format!("{} {} {}", row["scheme"], row["strategy"], row["threads"])).collect();
    let expected: Vec<_> = [
        ("ecdsa-secp256k1-sha256", "single"),
        ("ecdsa-secp256k1-keccak256", "single"),
        ("ecdsa-secp256k1-keccak256", "recover"),
        ("ecdsa-p256-sha256", "single"),
        ("sm2-sm3", "single"),
    ]
    .into_iter()
    .flat_map(|(scheme, strategy)| [1, 2].map(|threads| format!("\"{scheme}\" \"{strategy}\" {threads}")))
    .collect();
    assert_eq!(names, expected);
    assert_eq!(shown, rows.len());
    for row in rows {
        let [ours, peers, ratio] = ["items_per_s", "peer_items_per_s", "ratio"].map(|field| row[field].as_f64().unwrap());
        assert!((ours / peers - ratio).abs() < 1e-9 * ratio, "{row}");
        assert_eq!([&row["batch"], &row["signers"]], [20, 20], "{row}");
    }
}
