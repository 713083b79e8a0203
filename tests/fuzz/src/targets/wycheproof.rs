//! Files in Wycheproof's form: the policy changes no more than shapes, and every test keeps its line.

use chainbox::formats::{Content, Entry, wycheproof};

use super::entries;

pub(crate) fn run(data: &[u8]) {
    match (wycheproof::parse(data, false), wycheproof::parse(data, true)) {
        (Ok(plain), Ok(strict)) => {
            entries::check(data, &plain);
            assert!(plain.into_iter().map(under_policy).eq(strict.into_iter().map(under_policy)));
        }
        (plain, strict) => assert_eq!(plain, strict),
    }
}

fn under_policy(mut entry: Entry) -> Entry {
    if let Content::Signature(signature) = &mut entry.content {
        signature.shape.low_s = true;
    }
    entry
}

pub(crate) const fn inputs() -> Vec<Vec<u8>> {
    Vec::new()
}
