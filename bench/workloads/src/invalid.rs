//! The ways in which an item is made invalid.

use chainbox_engine::{batch::Shape, scheme::Scheme, verdict::Reason};

/// Declares the kinds once: variant, name, the reason that the item must get, and the text for people.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $reason:ident;)*) => {
        /// A way in which an item is made invalid. Each leads to one reason; together they lead to every reason that an item can get.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every kind, in the order of the reasons.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name used on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The reason that such an item must get.
            #[must_use]
            pub const fn reason(self) -> Reason {
                match self { $(Self::$variant => Reason::$reason,)* }
            }
        }
    };
}

kinds! {
    /// The signature is not what the encoding says: too short, too long, or BER that is not DER.
    BadEncoding = "bad-encoding", Encoding;
    /// r = 0.
    RZero = "r-zero", ROutOfRange;
    /// r = n, or 2^256 - 1.
    RTooLarge = "r-too-large", ROutOfRange;
    /// s = 0.
    SZero = "s-zero", SOutOfRange;
    /// s = n, or 2^256 - 1.
    STooLarge = "s-too-large", SOutOfRange;
    /// The key has a wrong length or prefix, or an x that is not below p.
    BadKey = "bad-key", KeyMalformed;
    /// The key's x has another y, or none.
    OffCurve = "off-curve", KeyNotOnCurve;
    /// The key is the point at infinity.
    Identity = "identity", KeyIsIdentity;
    /// SM2: s = n - r.
    RPlusSZero = "r-plus-s-zero", RPlusSIsZero;
    /// u1*G + u2*Q is the point at infinity.
    RIdentity = "r-identity", RIsIdentity;
    /// Under the policy `low-s`: n - s in place of s.
    HighS = "high-s", LowSPolicy;
    /// A bit of s is flipped.
    FlippedBit = "flipped-bit", Equation;
    /// A bit of the message or digest is flipped.
    WrongMessage = "wrong-message", Equation;
    /// The key is another signer's.
    WrongKey = "wrong-key", Equation;
}

impl Kind {
    /// Whether items of this shape can be of this kind.
    #[must_use]
    pub fn fits(self, shape: Shape) -> bool {
        match self {
            Self::RPlusSZero => shape.scheme == Scheme::Sm2Sm3,
            Self::HighS => shape.low_s,
            _ => true,
        }
    }

    /// What [`Self::fits`] asks for, for people.
    pub(crate) const fn needs(self) -> &'static str {
        match self {
            Self::RPlusSZero => "it needs SM2",
            Self::HighS => "it needs the low-s policy",
            _ => "it fits every scheme",
        }
    }

    /// Every kind that fits.
    #[must_use]
    pub fn all_for(shape: Shape) -> Vec<Self> {
        Self::ALL.iter().copied().filter(|kind| kind.fits(shape)).collect()
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reasons that items of a batch can get, without those of recovery and of transactions.
    #[test]
    fn every_reason_of_an_item_has_a_kind() {
        let is_of_items = |reason: &Reason| (Reason::Encoding..=Reason::Equation).contains(reason) && *reason != Reason::NotRecoverable;
        let of_items: Vec<_> = Reason::ALL.iter().copied().filter(is_of_items).collect();
        let mut made: Vec<_> = Kind::ALL.iter().map(|kind| kind.reason()).collect();
        made.dedup();
        assert_eq!(made, of_items);
    }

    #[test]
    fn names_read_back() {
        for &kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::from_name(""), None);
    }
}
