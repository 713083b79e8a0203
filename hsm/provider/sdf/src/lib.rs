//! The box as an SDF device (GM/T 0018-2012): `libchainbox_sdf.so`.
