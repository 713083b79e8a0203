//! What the settings of the chain must be beside one another.

use chainbox_hsm::Role;

use crate::settings::load::Loader;

/// Checks everything about the chain that no value shows by itself.
pub(super) fn check(loader: &mut Loader) {
    let chain = loader.draft.settings.chain.clone();
    let is_sound = loader.is_sound(&["chain.source_unchecked_max", "chain.unchecked_max"]);
    if is_sound && chain.source_unchecked_max > chain.unchecked_max {
        let key = loader.set_of("chain.source_unchecked_max", "chain.unchecked_max");
        let what = format!(
            "chain.source_unchecked_max is {} and chain.unchecked_max is {}: one source cannot have more than all",
            chain.source_unchecked_max, chain.unchecked_max
        );
        loader.problem(key, what, "lower the first, or raise the second");
    }
    if loader.is_sound(&["chain.keep_blocks", "chain.snapshot_blocks"]) && chain.keep_blocks > 0 && chain.snapshot_blocks == 0 {
        let what = "blocks are to be removed, and no snapshots are taken: the state could not be made again";
        loader.problem("chain.keep_blocks", what, "set chain.snapshot_blocks as well, e.g. to 10000");
    }
    let Some(label) = &chain.vote_key else { return };
    let may_vote = loader.signing_keys.iter().any(|key| key.value.label.as_ref() == Some(label) && key.value.roles.contains(&Role::Vote));
    if !may_vote && loader.is_sound(&["chain.vote_key"]) {
        let what = format!("chain.vote_key is \"{label}\", and no table [[hsm.key]] of that label has the role vote");
        loader.problem("chain.vote_key", what, "add roles = [\"vote\"] and the chain's id to the table of the key");
    }
}
