//! The slim node of a permissioned chain: from signed bytes to durable blocks.
pub mod block;
pub mod execute;
pub mod genesis;
pub mod merkle;
pub mod pool;
pub mod refusal;
pub mod state;
pub mod text;
pub mod types;
