//! PEM bundles: a bundle that stands twice in a file says everything twice, since no key counts twice.

use chainbox::formats::{Content, x509};

use super::entries;

pub(crate) fn run(data: &[u8]) {
    let Ok(found) = x509::parse(data) else { return };
    entries::check(data, &found);
    assert!(!found.is_empty());

    let twice = x509::parse(&[data, b"\n", data].concat()).expect("certificates");
    assert_eq!(twice.len(), 2 * found.len());
    for (index, entry) in twice.iter().enumerate() {
        let first = &found[index % found.len()];
        match (&entry.content, &first.content) {
            // What a message quotes may go on after the bundle's last line.
            (Content::Malformed(_), Content::Malformed(_)) => {}
            (content, expected) => assert_eq!(content, expected),
        }
    }
}

pub(crate) const fn inputs() -> Vec<Vec<u8>> {
    Vec::new()
}
