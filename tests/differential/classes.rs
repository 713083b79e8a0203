//! The classes of items.

use chainbox_engine::{
    batch::{Encoding, Input, Shape},
    scheme::Scheme,
};

/// Declares the classes by the part of this test that makes them.
macro_rules! classes {
    ($($(#[$doc:meta])* $part:ident: $($class:ident),* $(,)?;)*) => {
        /// How an item is made.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Class {
            $($($class,)*)*
        }

        /// Which code makes a class.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Part {
            $($(#[$doc])* $part,)*
        }

        impl Class {
            const ALL: &[Self] = &[$($(Self::$class),*),*];

            pub fn part(self) -> Part {
                match self {
                    $($(Self::$class)|* => Part::$part,)*
                }
            }
        }
    };
}

classes! {
    /// Valid: signed by another library.
    Valid: Signed, SmallKey, CompressedKey, EdgeDigest, DigestPlusN;
    /// Over digests: u1 and u2 (for SM2 s and t) are chosen first.
    Constructed: EdgeScalars, EqualPoints, OppositePoints, MinusG, XAboveN, SmallX, WrappedX;
    /// Signed, then altered in r, s, input or id.
    Altered: HighS, SwappedRS, EdgeR, EdgeS, RPlusSIsN, OtherKey, OtherId, OtherInput;
    /// Signed, then altered in the key.
    AlteredKey: OtherParity, OffCurve, NoSuchX, UnreducedX, UnreducedY, KeyPrefix, KeyLength, IdentityKey;
    /// Altered in the bytes as they are given.
    Wire: FlippedBit, RandomSignature, RawLength;
    /// Signatures whose DER is broken, or holds numbers of another sign or size.
    NotDer: DerTrailing, DerLongLength, DerPadding, DerNegative, DerTag, DerTruncated, DerIndefinite, DerMissing, DerWide;
}

impl Class {
    /// The classes that a batch of this shape can carry.
    pub fn that_fit(shape: Shape) -> Vec<Self> {
        Self::ALL.iter().copied().filter(|class| class.fits(shape)).collect()
    }

    fn fits(self, shape: Shape) -> bool {
        match (self.part(), self) {
            (Part::Constructed, _) | (_, Self::EdgeDigest | Self::DigestPlusN) => shape.input == Input::Digest,
            (Part::NotDer, _) => shape.encoding == Encoding::Der,
            (_, Self::RawLength) => shape.encoding == Encoding::Raw,
            (_, Self::OtherId) => shape.has_id(),
            (_, Self::RPlusSIsN) => shape.scheme == Scheme::Sm2Sm3,
            _ => true,
        }
    }
}
