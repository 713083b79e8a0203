//! Single wrong verdicts.
