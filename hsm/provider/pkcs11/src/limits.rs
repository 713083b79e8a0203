//! How much a call may hand over, and how much is kept.

/// Sessions open at once.
pub(crate) const SESSIONS_MAX: usize = 4096;

/// Objects of sessions at once: public keys that were handed over, and key pairs in memory.
pub(crate) const SESSION_OBJECTS_MAX: usize = 65_536;

/// Attributes of one template.
pub(crate) const ATTRIBUTES_MAX: usize = 128;

/// Bytes of one attribute that is handed over.
pub(crate) const ATTRIBUTE_BYTES_MAX: usize = 4096;

/// Bytes of a `CKA_ID` or `CKA_LABEL` that is kept.
pub(crate) const NAME_BYTES_MAX: usize = 256;

/// Bytes of one part of what is hashed: more than memory has is a mistake of the caller.
pub(crate) const PART_BYTES_MAX: usize = isize::MAX as usize;

/// Bytes of a digest that is signed or verified as it is: 1,024 bits, twice the longest hash in use.
pub(crate) const DIGEST_BYTES_MAX: usize = 128;

/// Bytes of a signature that is handed over; longer ones are none of ours.
pub(crate) const SIGNATURE_BYTES_MAX: usize = 4096;

/// Bytes of randomness of one call.
pub(crate) const RANDOM_BYTES_MAX: usize = 1 << 20;

/// Handles that one call of `C_FindObjects` takes.
pub(crate) const FOUND_MAX: usize = 1 << 20;

/// Bytes of the file of names.
pub(crate) const NAMES_BYTES_MAX: usize = 4 << 20;
