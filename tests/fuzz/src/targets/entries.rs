//! What holds for the entries of every format.

use chainbox::formats::{Content, Entry};
use chainbox_engine::batch::{Batch, ItemError, OwnedItem};

/// Messages quote what they found, and that may be a whole line.
const MESSAGE_CHARS_MAX: usize = 500;

/// Every entry begins on a line of the text, in order, and says something that can be acted on.
pub(crate) fn check(text: &[u8], entries: &[Entry]) {
    let lines = 1 + text.iter().filter(|&&byte| byte == b'\n').count() as u64;
    assert!(entries.is_sorted_by_key(|entry| entry.line), "{entries:?}");
    for entry in entries {
        assert!((1..=lines).contains(&entry.line), "{lines} lines, {entry:?}");
        match &entry.content {
            Content::Signature(signature) => check_signature(signature),
            Content::AnyOf(signatures) => {
                assert!(!signatures.is_empty(), "{entry:?}");
                signatures.iter().for_each(check_signature);
            }
            Content::Malformed(message) => {
                assert!(!message.is_empty() && message.chars().count() <= MESSAGE_CHARS_MAX, "{message:?}");
            }
            Content::Transaction(_) | Content::Refused(_) => {}
        }
    }
}

/// What a reader lets pass as a signature can stand in a batch, unless a length is beyond what any batch takes.
fn check_signature(signature: &OwnedItem) {
    let pushed = signature.push_into(&mut Batch::new(signature.shape));
    assert!(matches!(pushed, Ok(()) | Err(ItemError::DigestLength(_) | ItemError::IdLength(_))), "{pushed:?}: {signature:?}");
}
