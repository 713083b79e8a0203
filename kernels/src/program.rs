//! Programs: the kernels of one curve, or those of the harness, as sources.

/// A curve with its scheme and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// ECDSA on secp256k1 with Keccak-256, and recovery.
    Secp256k1,
    /// ECDSA on P-256 with SHA-256.
    P256,
    /// SM2 with SM3.
    Sm2,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Secp256k1, Self::P256, Self::Sm2];

    /// The name in files: `secp256k1`, `p256`, `sm2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secp256k1 => "secp256k1",
            Self::P256 => "p256",
            Self::Sm2 => "sm2",
        }
    }
}

/// What is compiled together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The name, for messages and the cache: the curve's, or that of a part of the harness.
    pub name: String,
    /// OpenCL C: all files, one after the other.
    pub opencl: String,
    /// WGSL: the same.
    pub wgsl: String,
    /// The entry points, in the order in which launches count them.
    pub kernels: Vec<&'static str>,
}
