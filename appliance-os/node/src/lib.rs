//! The slim node of a permissioned chain: from signed bytes to durable blocks.
pub mod block;
pub mod certify;
pub mod chain;
pub mod consensus;
pub mod execute;
pub mod genesis;
pub mod machine;
pub mod merkle;
pub mod pool;
pub mod proof;
pub mod refusal;
pub mod state;
pub mod text;
pub mod types;
