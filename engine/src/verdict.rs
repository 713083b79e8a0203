//! Verdicts and the closed list of reasons.

use std::fmt;

/// Declares the closed list of reasons once: variant, one-byte code, machine-readable name and the text for people.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal, $text:literal;)*) => {
        /// Why an item is not valid. The order is the order in which checks are made, so an item with two faults has one reason everywhere.
        ///
        /// The one-byte codes are part of the device interface and never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Reason {
            $($(#[$doc])* $variant = $code,)*
        }

        impl Reason {
            /// Every reason, in the order of the checks.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name that programs read, in JSON and in metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The text that people read.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

reasons! {
    /// No check has been made. Every verdict starts as this one, so that what a device never wrote is not valid.
    NotChecked = 0, "not-checked", "not checked";
    /// The signature is not 64 bytes of r||s, or not strict DER.
    Encoding = 2, "encoding", "signature encoding";
    /// r is not in [1, n - 1].
    ROutOfRange = 3, "r-out-of-range", "r out of range";
    /// s is not in [1, n - 1].
    SOutOfRange = 4, "s-out-of-range", "s out of range";
    /// Recovery only: no point R has the x that r and the recovery id name.
    NotRecoverable = 5, "not-recoverable", "no key can be recovered";
    /// The key is not a SEC1 point: wrong length or prefix, or a coordinate that is not below p.
    KeyMalformed = 6, "key-malformed", "key malformed";
    /// The key's coordinates do not satisfy the curve's equation, or a compressed key names an x that has no y.
    KeyNotOnCurve = 7, "key-not-on-curve", "key not on curve";
    /// The key is the point at infinity.
    KeyIsIdentity = 8, "key-is-identity", "key is identity";
    /// SM2 only: t = r + s is 0 modulo n (GB/T 32918.2, 7.1, step B5).
    RPlusSIsZero = 9, "r-plus-s-is-zero", "r + s = 0";
    /// R' = u1*G + u2*Q is the point at infinity.
    RIsIdentity = 10, "r-is-identity", "R is identity";
    /// The policy `low-s` is on and s is above (n - 1)/2.
    LowSPolicy = 11, "low-s-policy", "low-s policy";
    /// The verification equation does not hold.
    Equation = 12, "equation", "equation";
    /// Transaction: the bytes are not the canonical encoding of a transaction.
    TransactionEncoding = 32, "transaction-encoding", "transaction encoding";
    /// Transaction: the type byte names no supported type.
    TransactionType = 33, "transaction-type", "transaction type not supported";
    /// Transaction: a blob transaction in network form (with its blobs); the block form is wanted.
    BlobNetworkForm = 34, "blob-network-form", "blob transaction in network form; give the block form without blobs";
    /// Transaction: v or the parity is not one of the values that the transaction's type allows.
    SignatureV = 35, "signature-v", "v out of range";
    /// Transaction: it names another chain than the policy asks for.
    ChainId = 36, "chain-id", "another chain id";
    /// Transaction: it names no chain (from before EIP-155) and the policy asks for one.
    ChainIdMissing = 37, "chain-id-missing", "no chain id";
    /// Transaction: the nonce is 2^64 - 1 (EIP-2681).
    NonceTooHigh = 38, "nonce-too-high", "nonce too high";
    /// Transaction: the priority fee is above the maximum fee (EIP-1559).
    PriorityFeeAboveMaximum = 39, "priority-fee-above-maximum", "priority fee above maximum fee";
    /// Transaction: the type needs a recipient and there is none (EIP-4844, EIP-7702).
    RecipientMissing = 40, "recipient-missing", "recipient missing";
    /// Transaction: no blob hash, or one whose version is not 1 (EIP-4844).
    BlobHashes = 41, "blob-hashes", "blob hashes missing or not of version 1";
    /// Transaction: the authorization list is empty (EIP-7702).
    AuthorizationListEmpty = 42, "authorization-list-empty", "authorization list empty";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// The answer for one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Every check passed.
    Valid,
    /// The first check that failed.
    Invalid(Reason),
}

impl Verdict {
    /// The code of [`Verdict::Valid`]: not 0, so that zeroed memory is not a valid verdict.
    const VALID: u8 = 1;

    /// One byte an item, as devices write it.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Valid => Self::VALID,
            Self::Invalid(reason) => reason as u8,
        }
    }

    /// The verdict that a byte stands for, or `None` for a byte that no back end may write.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        if code == Self::VALID {
            return Some(Self::Valid);
        }
        Reason::ALL.iter().copied().find(|reason| *reason as u8 == code).map(Self::Invalid)
    }

    /// Whether every check passed.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Valid)
    }

    /// The first check that failed, or `None` for a valid item.
    #[must_use]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Valid => None,
            Self::Invalid(reason) => Some(reason),
        }
    }
}

impl From<Result<(), Reason>> for Verdict {
    fn from(result: Result<(), Reason>) -> Self {
        result.map_or_else(Self::Invalid, |()| Self::Valid)
    }
}

/// The answers for a batch, one an item, in the order of the items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdicts(Vec<Verdict>);

impl Verdicts {
    /// `len` verdicts that say that nothing was checked.
    #[must_use]
    pub fn not_checked(len: usize) -> Self {
        Self(vec![Verdict::Invalid(Reason::NotChecked); len])
    }

    /// Whether every item is valid. True for an empty batch.
    #[must_use]
    pub fn all(&self) -> bool {
        self.0.iter().all(|verdict| verdict.is_valid())
    }

    /// One verdict an item.
    #[must_use]
    pub fn as_slice(&self) -> &[Verdict] {
        &self.0
    }

    /// One verdict an item, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [Verdict] {
        &mut self.0
    }
}

impl From<Vec<Verdict>> for Verdicts {
    fn from(verdicts: Vec<Verdict>) -> Self {
        Self(verdicts)
    }
}

impl From<Verdicts> for Vec<Verdict> {
    fn from(verdicts: Verdicts) -> Self {
        verdicts.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_read_back() {
        for &reason in Reason::ALL {
            assert_eq!(Verdict::from_code(Verdict::Invalid(reason).code()), Some(Verdict::Invalid(reason)));
        }
        assert_eq!(Verdict::from_code(Verdict::Valid.code()), Some(Verdict::Valid));
        assert_eq!(Verdict::from_code(255), None);
    }

    #[test]
    fn reasons_stand_in_the_order_of_their_codes() {
        assert!(Reason::ALL.is_sorted());
    }

    #[test]
    fn what_was_not_written_is_not_valid() {
        assert!(!Verdicts::not_checked(3).all());
        assert_eq!(Verdict::from_code(0), Some(Verdict::Invalid(Reason::NotChecked)));
    }
}
