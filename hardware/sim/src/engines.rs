//! What the RTL is compiled for: read by the build script as well.

use chainbox_fpga_model::curve::Curve;

/// The engines of a verifier, by curve.
pub const ENGINES: [(Curve, usize); 2] = [(Curve::SM2, 1), (Curve::P256, 2)];
