//! Honest sources beside each other.

use super::{HINTED, VERIFY, client::Client, honest, measured, run, weight};

#[test]
fn equal_sources_have_equal_shares() {
    let machine = run((0..5).map(|_| honest(VERIFY, 4_096, 4)).collect());
    let mean = (0..5).map(|client| machine.rate(client)).sum::<f64>() / 5.0;
    for client in 0..5 {
        assert!((machine.rate(client) / mean - 1.0).abs() < 0.05, "{} of {mean}", machine.rate(client));
    }
}

/// Cost is shared, not items or requests.
#[test]
fn sources_of_unlike_requests_have_equal_parts_of_the_cores() {
    let machine = run(vec![honest(VERIFY, 512, 40), honest(VERIFY, 16_384, 4), honest(HINTED, 16_384, 4)]);
    let parts = [measured::ITEM, measured::ITEM, measured::HINTED_ITEM];
    let cores: Vec<f64> = parts.iter().enumerate().map(|(client, item)| machine.rate(client) * item / 1e9).collect();
    println!("cores: {cores:?}");
    let mean = cores.iter().sum::<f64>() / 3.0;
    assert!(cores.iter().all(|part| (part / mean - 1.0).abs() < 0.1), "{cores:?}");
}

#[test]
fn weights_count() {
    let machine = run([100, 200, 400].map(|of| honest(VERIFY, 4_096, 8).with_limits(weight(of))).into());
    let [one, two, four] = [0, 1, 2].map(|client| machine.rate(client));
    assert!((two / one / 2.0 - 1.0).abs() < 0.1 && (four / one / 4.0 - 1.0).abs() < 0.1, "{one} {two} {four}");
}

/// One source sends small requests without end, another large ones.
#[test]
fn a_flood_of_small_requests_has_its_share_and_no_more() {
    // Twice the part of the cores that is left for it; receiving more than that would be another scenario.
    let flood = Client::open(VERIFY, 8, 160_000.0);
    let machine = run(vec![honest(VERIFY, 16_384, 4), flood]);
    let [bulk, flood] = [0, 1].map(|client| machine.rate(client) * measured::ITEM / 1e9);
    println!("cores: bulk {bulk}, flood {flood}");
    assert!(bulk >= 0.45 * (bulk + flood), "{bulk} of {}", bulk + flood);
}
