//! What the libraries that stand in for a card have in common.
