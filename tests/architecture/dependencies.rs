//! Who may know whom: the edges between the crates of the workspace, and what the engine may use from elsewhere.

use std::collections::BTreeSet;

use cargo_metadata::{Dependency, DependencyKind, Package};

use super::workspace;

/// A crate of the workspace and the others that it may depend on, at run time or to build.
/// Dev-dependencies are not ruled: they reach nobody who uses the crate.
struct Rule {
    name: &'static str,
    knows: Knows,
}

/// Whom a crate may know.
enum Knows {
    Only(&'static [Edge]),
    Anything,
}

/// An edge to another crate of the workspace.
enum Edge {
    Always(&'static str),
    /// The dependency is optional, and only this feature, which is not a default one, turns it on.
    BehindFeature(&'static str, &'static str),
}

use Edge::{Always, BehindFeature};
use Knows::{Anything, Only};

/// One rule for each crate, in the order of ARCHITECTURE.md: engine <- adapters <- service and node <- cli.
/// The bench and the tests may use anything, and nothing uses them but for the command line's two edges.
const RULES: &[Rule] = &[
    Rule { name: "chainbox-engine", knows: Only(&[]) },
    Rule { name: "chainbox-kernels", knows: Only(&[Always("chainbox-engine")]) },
    Rule {
        name: "chainbox-fpga",
        knows: Only(&[Always("chainbox-engine"), Always("chainbox-fpga-model"), BehindFeature("chainbox-fpga-sim", "sim")]),
    },
    Rule { name: "chainbox-fpga-model", knows: Only(&[]) },
    Rule { name: "chainbox-fpga-sim", knows: Only(&[BehindFeature("chainbox-fpga-model", "verilator")]) },
    Rule { name: "chainbox-hsm", knows: Only(&[Always("chainbox-engine")]) },
    Rule { name: "chainbox-api", knows: Only(&[Always("chainbox-engine"), BehindFeature("chainbox-hsm", "signing")]) },
    Rule { name: "chainbox-service", knows: Only(&[Always("chainbox-engine"), Always("chainbox-hsm"), Always("chainbox-api")]) },
    Rule { name: "chainbox-node", knows: Only(&[Always("chainbox-engine"), Always("chainbox-hsm"), Always("chainbox-api")]) },
    Rule { name: "chainbox-card", knows: Only(&[Always("chainbox-engine"), Always("chainbox-hsm"), Always("chainbox-api")]) },
    Rule { name: "chainbox-pkcs11-provider", knows: Only(&[Always("chainbox-engine"), Always("chainbox-hsm"), Always("chainbox-card")]) },
    Rule { name: "chainbox-sdf-provider", knows: Only(&[Always("chainbox-engine"), Always("chainbox-hsm"), Always("chainbox-card")]) },
    Rule { name: "libchainbox", knows: Only(&[Always("chainbox-engine"), Always("chainbox-api")]) },
    Rule {
        name: "chainbox",
        knows: Only(&[
            Always("chainbox-engine"),
            Always("chainbox-kernels"),
            Always("chainbox-fpga"),
            Always("chainbox-hsm"),
            Always("chainbox-api"),
            Always("chainbox-service"),
            Always("chainbox-node"),
            Always("chainbox-workloads"),
            BehindFeature("chainbox-bench", "bench"),
        ]),
    },
    Rule { name: "chainbox-workloads", knows: Only(&[Always("chainbox-engine")]) },
    Rule { name: "chainbox-bench", knows: Anything },
    Rule { name: "chainbox-tests", knows: Anything },
    Rule { name: "chainbox-fuzz", knows: Anything },
];

/// The crates from elsewhere that the engine may use: none of them does I/O, but for `getrandom`, which asks the system for the seed of the random
/// factors of combinations where the caller gives no other source.
const ENGINE_MAY_USE: [&str; 4] = ["getrandom", "rand_chacha", "rayon", "thiserror"];

/// What to do about a failure, said once.
const REMEDY: &str = "the rule is in tests/architecture/dependencies.rs and its reason in ARCHITECTURE.md: change the crate, or all three";

#[test]
fn every_crate_has_a_rule() {
    let crates: BTreeSet<String> = workspace().workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let ruled: BTreeSet<String> = RULES.iter().map(|rule| rule.name.to_owned()).collect();
    let without: Vec<_> = crates.difference(&ruled).collect();
    assert!(without.is_empty(), "no rule for {without:?}: add one to RULES in tests/architecture/dependencies.rs, and to ARCHITECTURE.md");
    let stale: Vec<_> = ruled.difference(&crates).collect();
    assert!(stale.is_empty(), "rules for crates that do not exist: {stale:?}; {REMEDY}");
}

#[test]
fn crates_know_only_whom_they_may() {
    let workspace = workspace();
    let members: BTreeSet<String> = workspace.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    for (rule, edges) in RULES.iter().filter_map(|rule| if let Only(edges) = rule.knows { Some((rule, edges)) } else { None }) {
        let package = find(&workspace.packages, rule.name);
        for dependency in ruled(package).filter(|dependency| members.contains(&dependency.name)) {
            check_edge(package, edges, dependency);
        }
    }
}

#[test]
fn the_engine_uses_nothing_that_does_io() {
    let workspace = workspace();
    for dependency in ruled(find(&workspace.packages, "chainbox-engine")) {
        let name = dependency.name.as_str();
        assert!(ENGINE_MAY_USE.contains(&name), "chainbox-engine depends on {name}; {REMEDY}");
    }
}

fn find<'a>(packages: &'a [Package], name: &str) -> &'a Package {
    packages.iter().find(|package| package.name.as_str() == name).unwrap_or_else(|| panic!("no crate {name} in the workspace"))
}

/// The dependencies that the rules are about: all but those of tests.
fn ruled(package: &Package) -> impl Iterator<Item = &Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development)
}

fn check_edge(package: &Package, edges: &[Edge], dependency: &Dependency) {
    let to = dependency.name.as_str();
    let edge = edges.iter().find(|edge| match edge {
        Always(name) | BehindFeature(name, _) => *name == to,
    });
    match edge {
        None => panic!("{} may not depend on {to}; {REMEDY}", package.name),
        Some(Always(_)) => {}
        Some(BehindFeature(_, feature)) => {
            assert!(dependency.optional, "{} may depend on {to} only behind the feature `{feature}`; {REMEDY}", package.name);
            let turned_on_by = features_that_turn_on(package, to);
            assert_eq!(turned_on_by, [*feature].into(), "features of {} that turn on {to}; {REMEDY}", package.name);
        }
    }
}

/// The features, `default` among them, that directly or through others turn on an optional dependency.
fn features_that_turn_on<'a>(package: &'a Package, dependency: &str) -> BTreeSet<&'a str> {
    let (explicit, implicit) = (format!("dep:{dependency}"), format!("{dependency}/"));
    let mut found: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = found.len();
        for (feature, parts) in &package.features {
            let turns_on = |part: &String| *part == explicit || part.starts_with(&implicit) || found.contains(part.as_str());
            if parts.iter().any(turns_on) {
                found.insert(feature);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}
