//! Small runs from end to end: both sides answer right, and each section has its rows.

use std::collections::BTreeMap;

use chainbox_bench::{
    cpu::{Options, run},
    machine::Machine,
    page,
    report::{Report, Section},
};
use chainbox_engine::scheme::Scheme;
use serde_json::Value;

/// A few items, in every section.
const TINY: Options = Options {
    items: 20,
    items_aside: 18,
    samples: 1,
    signers: 5,
    schemes: &Scheme::ALL,
    curves: &[Scheme::EcdsaP256Sha256],
    forged: &[0.0, 0.5],
    signer_counts: &[1, 20],
    latencies: &[(1, 3), (17, 1)],
    messages: 33,
    message_bytes: 100,
};

/// A run on two threads, whatever the machine has, and the number of figures that were shown on the way.
fn tiny() -> (Report, usize) {
    let machine = Machine { cores: 2, load: Some(0.0), ..Machine::this(chainbox_engine::simd::Processor::detect()) };
    let mut shown = 0;
    let report = run(&TINY, None, machine, |_| shown += 1).unwrap();
    (report, shown)
}

#[test]
fn one_section_alone() {
    let machine = Machine { cores: 1, load: Some(0.0), ..Machine::this(chainbox_engine::simd::Processor::PORTABLE) };
    let report = run(&TINY, Some(Section::Signers), machine, |_| ()).unwrap();
    assert!(report.digests.is_empty());
    assert_eq!(
        report.results.iter().map(|row| (row.section, row.signers)).collect::<Vec<_>>(),
        [(Section::Signers, 1), (Section::Signers, 20)]
    );
}

fn rows(report: &Report, list: &str) -> Vec<Value> {
    serde_json::to_value(report).unwrap()[list].as_array().unwrap().clone()
}

/// The fields of a row, between spaces.
fn fields(row: &Value, names: &str) -> String {
    let text = |name: &str| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned);
    names.split(' ').map(text).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_section_has_its_rows() {
    let (report, shown) = tiny();
    let results = rows(&report, "results");
    let mut sections: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for row in &results {
        sections.entry(fields(row, "section")).or_default().push(row);
    }
    let of = |section: &str, names: &str| sections[section].iter().map(|row| fields(row, names)).collect::<Vec<_>>();

    let strategies: Vec<_> = [
        ("ecdsa-secp256k1-sha256", "secp256k1"),
        ("ecdsa-secp256k1-keccak256", "secp256k1"),
        ("ecdsa-p256-sha256", "aws-lc-rs"),
        ("sm2-sm3", "efficient-sm2"),
    ]
    .into_iter()
    .flat_map(|(scheme, peer)| {
        [1, 2].into_iter().flat_map(move |threads| {
            let recover = (scheme == "ecdsa-secp256k1-keccak256").then_some("recover parity 20");
            let rows = ["single none 20", "lockstep none 20", "known none 5", "parity parity 5", "whole y 5"].into_iter().chain(recover);
            rows.map(move |row| format!("{scheme} {peer} {threads} {row}"))
        })
    })
    .collect();
    assert_eq!(of("strategies", "scheme peer threads strategy hints signers"), strategies);

    let forms = ["message 100 65 raw", "digest 32 33 raw", "digest 32 65 der"].repeat(4);
    assert_eq!(of("forms", "input input_bytes key_bytes encoding"), forms);
    let peers = ["k256 digest", "k256 digest", "p256 digest", "ring message", "sm2 digest"];
    assert_eq!(of("peers", "peer input"), peers);
    assert_eq!(
        of("forged", "scheme hints forged strategy"),
        [
            "ecdsa-p256-sha256 y 0.0 auto",
            "ecdsa-p256-sha256 none 0.0 auto",
            "ecdsa-p256-sha256 y 0.5 auto",
            "ecdsa-p256-sha256 none 0.5 auto",
        ]
    );
    assert_eq!(of("signers", "scheme signers batch"), ["ecdsa-p256-sha256 1 20", "ecdsa-p256-sha256 20 20"]);
    assert_eq!(of("latency", "batch samples threads"), ["1 3 2", "17 1 2"].repeat(4));
    assert_eq!(sections.len(), 6);

    let digests: Vec<_> = rows(&report, "digests").iter().map(|row| fields(row, "hash peer threads batch message_bytes")).collect();
    let expected = [("sha256", "sha2"), ("keccak256", "keccak-asm"), ("sm3", "sm3")]
        .into_iter()
        .flat_map(|(hash, peer)| [1, 2].map(|threads| format!("{hash} {peer} {threads} 33 100")));
    assert_eq!(digests, expected.collect::<Vec<_>>());
    assert_eq!(shown, results.len() + digests.len());
}

#[test]
fn figures_fit_together() {
    let (report, _) = tiny();
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name} of {row}"));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b;
    for row in rows(&report, "results") {
        let [ours, peers, ratio] = ["items_per_s", "peer_items_per_s", "ratio"].map(|name| number(&row, name));
        assert!(near(ours / peers, ratio) && number(&row, "product_ns") > 0.0, "{row}");
        assert_eq!(row["floor_ratio"].is_null(), row["strategy"] == "auto", "{row}");
        let is_latency = row["section"] == "latency";
        for name in ["p50_us", "p99_us", "peer_p50_us", "peer_p99_us"] {
            assert_eq!(row.get(name).is_some(), is_latency, "{name} of {row}");
        }
        if is_latency {
            assert!(near(number(&row, "batch") / number(&row, "p50_us") * 1e6, ours), "{row}");
            assert!(number(&row, "p50_us") <= number(&row, "p99_us"), "{row}");
        }
        if row["strategy"] == "single" {
            let products = if row["scheme"].as_str().unwrap().contains("secp256k1") { 1_700.0 } else { 2_700.0 };
            let floor_s = products * number(&row, "product_ns") * 1e-9;
            assert!(near(number(&row, "threads") / ours / floor_s, number(&row, "floor_ratio")), "{row}");
        }
    }
    for row in rows(&report, "digests") {
        assert!(near(number(&row, "digests_per_s") / number(&row, "peer_digests_per_s"), number(&row, "ratio")), "{row}");
    }
}

#[test]
fn the_page_has_every_figure_and_needs_nothing_else() {
    let (mut report, _) = tiny();
    report.machine.cpu = "<b>&\"".to_owned();
    report.machine.load = Some(3.5);
    let page = page::html(&report, "chainbox bench cpu --tiny");
    for absent in ["http:", "https:", "src=", "<link", "<script", "@import", "url(", "<b>", "NaN", "inf"] {
        assert!(!page.contains(absent), "the page has {absent:?}");
    }
    for present in ["prefers-color-scheme: dark", "&lt;b&gt;&amp;&quot;", "load 3.5", "<code>chainbox bench cpu --tiny</code>"] {
        assert!(page.contains(present), "the page lacks {present:?}");
    }
    assert_eq!(page.matches("<tr").count(), report.results.len() + report.digests.len() + 7, "a line a figure and a head a table");
    // Three sections of bars or times for four schemes, one of peers, two curves of one scheme, three hashes.
    assert_eq!(page.matches("<svg").count(), 3 * 4 + 4 + 2 + 3);
    for (open, close) in [("<figure>", "</figure>"), ("<td", "</td>"), ("<div", "</div>"), ("<text", "</text>"), ("<svg", "</svg>")] {
        assert_eq!(page.matches(open).count(), page.matches(close).count(), "{open}");
    }
}
