//! The service's interface: the proto files (`proto/`), what is made from them ([`v1`]), the way between them and the engine's batches
//! ([`convert`]), and the client ([`client`]). The feature `signing` adds the same for signing.
//!
//! Known to the service, the command line and the C interface. Absent on purpose: back ends and judgement.

pub mod caller;
pub mod client;
pub mod convert;

/// What prost and tonic make of `proto/chainbox/v1`. A test keeps it the same as the proto files.
pub mod v1 {
    #![allow(missing_docs, clippy::all, clippy::semicolon_if_nothing_returned, unused_qualifications)]
    include!("generated/chainbox.v1.rs");

    /// The descriptors of the proto files, for reflection.
    pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/chainbox.v1.bin");
}
