//! `x509`: a PEM bundle. Each certificate's signature is checked under the keys of the issuers in the bundle.
//!
//! It judges signatures. Whether a certificate may issue others, is in date or leads to anybody trusted is not looked at.

mod pem;

use std::collections::HashMap;

use chainbox_engine::{
    batch::{Encoding, Input, OwnedItem, Shape},
    scheme::Scheme,
    verdict::Reason,
};
use x509_parser::{
    certificate::X509Certificate,
    der_parser::{Oid, oid},
    prelude::FromDer,
    x509::SubjectPublicKeyInfo,
};

use super::{Content, Entry, Label, Refusal, SM2_DEFAULT_ID};
use pem::Block;

/// The most keys that one name may have in a bundle, which bounds the work for each certificate.
pub const KEYS_PER_NAME_MAX: usize = 16;

/// What a user must know of the verdicts.
pub const NOTE: &str = "signatures only: paths, dates and rights of the certificates were not looked at";

const ID_EC_PUBLIC_KEY: Oid<'static> = oid!(1.2.840.10045.2.1);

/// What a certificate signed with a supported algorithm says of itself and of its issuer's key.
struct Algorithm {
    scheme: Scheme,
    signature: Oid<'static>,
    curve: Oid<'static>,
}

const ALGORITHMS: [Algorithm; 2] = [
    // ecdsa-with-SHA256 (RFC 5758, 3.2) under prime256v1 (RFC 5480, 2.1.1.1).
    Algorithm { scheme: Scheme::EcdsaP256Sha256, signature: oid!(1.2.840.10045.4.3.2), curve: oid!(1.2.840.10045.3.1.7) },
    // SM2-with-SM3 under the curve sm2 (GM/T 0006-2012).
    Algorithm { scheme: Scheme::Sm2Sm3, signature: oid!(1.2.156.10197.1.501), curve: oid!(1.2.156.10197.1.301) },
];

/// Why a certificate is invalid before its signature is looked at, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateReason {
    /// The signature algorithm inside the signed part differs from the one outside (RFC 5280, 4.1.1.2).
    AlgorithmsDiffer,
    /// It is signed with another algorithm than the supported ones.
    OtherAlgorithm,
    /// No certificate in the bundle has the issuer's name.
    NoIssuer,
    /// Those with the issuer's name have keys of another kind than the signature algorithm needs.
    OtherIssuerKey,
    /// The issuer's name has more than [`KEYS_PER_NAME_MAX`] keys.
    TooManyIssuers,
}

impl CertificateReason {
    /// Every reason, in the order of the checks.
    pub const ALL: [Self; 5] = [Self::AlgorithmsDiffer, Self::OtherAlgorithm, Self::NoIssuer, Self::OtherIssuerKey, Self::TooManyIssuers];

    /// The name that programs read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlgorithmsDiffer => "algorithms-differ",
            Self::OtherAlgorithm => "other-algorithm",
            Self::NoIssuer => "no-issuer",
            Self::OtherIssuerKey => "other-issuer-key",
            Self::TooManyIssuers => "too-many-issuers",
        }
    }

    /// The text that people read.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::AlgorithmsDiffer => "inner and outer signature algorithm differ",
            Self::OtherAlgorithm => "signature algorithm is neither ecdsa-with-SHA256 nor SM2-with-SM3",
            Self::NoIssuer => "no certificate of its issuer in the bundle",
            Self::OtherIssuerKey => "issuer's key is of another kind than the signature algorithm",
            Self::TooManyIssuers => "issuer's name has too many keys in the bundle",
        }
    }
}

/// The keys in the bundle by the name of their owner, as DER. No key stands twice under one name.
type Issuers<'a> = HashMap<&'a [u8], Vec<&'a SubjectPublicKeyInfo<'a>>>;

/// Reads a whole bundle. Blocks with another label than CERTIFICATE are passed over.
///
/// # Errors
/// What was expected, where there is no certificate.
pub fn parse(text: &[u8]) -> Result<Vec<Entry>, String> {
    let blocks: Vec<Block> = pem::blocks(text).filter(|block| block.label == "CERTIFICATE").collect();
    if blocks.is_empty() {
        return Err("at least one certificate in PEM was expected: -----BEGIN CERTIFICATE-----".to_owned());
    }
    let certificates: Vec<Result<X509Certificate<'_>, String>> = blocks.iter().map(certificate).collect();
    let mut issuers = Issuers::new();
    for certificate in certificates.iter().flatten() {
        let keys = issuers.entry(certificate.subject().as_raw()).or_default();
        let key = certificate.public_key();
        // One above the limit is kept, as the sign that there are too many.
        if keys.len() <= KEYS_PER_NAME_MAX && keys.iter().all(|known| known.raw != key.raw) {
            keys.push(key);
        }
    }
    Ok(blocks.iter().zip(&certificates).map(|(block, certificate)| entry(block.line, certificate, &issuers)).collect())
}

fn certificate(block: &Block) -> Result<X509Certificate<'_>, String> {
    let der = block.der.as_ref().map_err(Clone::clone)?;
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => Err(format!("nothing was expected after the certificate, not {} bytes", rest.len())),
        Err(error) => Err(format!("a certificate in DER was expected: {error}")),
    }
}

fn entry(line: u64, certificate: &Result<X509Certificate<'_>, String>, issuers: &Issuers<'_>) -> Entry {
    match certificate {
        Ok(certificate) => {
            let label = Label::Certificate { subject: certificate.subject().to_string(), issuer: certificate.issuer().to_string() };
            let content = candidates(certificate, issuers).map_or_else(Content::Refused, Content::AnyOf);
            Entry { label: Some(label), ..Entry::new(line, content) }
        }
        Err(message) => Entry::malformed(line, message.as_str()),
    }
}

/// One signature for each key that may have made it.
fn candidates(certificate: &X509Certificate<'_>, issuers: &Issuers<'_>) -> Result<Vec<OwnedItem>, Refusal> {
    use CertificateReason::{AlgorithmsDiffer, NoIssuer, OtherAlgorithm, OtherIssuerKey, TooManyIssuers};
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return Err(Refusal::Certificate(AlgorithmsDiffer));
    }
    let oid = certificate.signature_algorithm.oid();
    let algorithm = ALGORITHMS.into_iter().find(|known| known.signature == *oid).ok_or(Refusal::Certificate(OtherAlgorithm))?;
    let keys = issuers.get(certificate.issuer().as_raw()).ok_or(Refusal::Certificate(NoIssuer))?;
    let mut fitting = keys.iter().filter(|key| fits(key, &algorithm)).peekable();
    if fitting.peek().is_none() {
        return Err(Refusal::Certificate(OtherIssuerKey));
    }
    if keys.len() > KEYS_PER_NAME_MAX {
        return Err(Refusal::Certificate(TooManyIssuers));
    }
    if certificate.signature_value.unused_bits != 0 {
        return Err(Refusal::Item(Reason::Encoding));
    }
    Ok(fitting.map(|key| signature(certificate, key, algorithm.scheme)).collect())
}

/// Whether a key is on the curve that the algorithm needs.
fn fits(key: &SubjectPublicKeyInfo<'_>, algorithm: &Algorithm) -> bool {
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    *key.algorithm.oid() == ID_EC_PUBLIC_KEY && curve.is_some_and(|curve| curve == algorithm.curve)
}

fn signature(certificate: &X509Certificate<'_>, key: &SubjectPublicKeyInfo<'_>, scheme: Scheme) -> OwnedItem {
    let shape = Shape { scheme, input: Input::Message, encoding: Encoding::Der, low_s: false };
    OwnedItem {
        shape,
        key: key.subject_public_key.data.to_vec(),
        input: certificate.tbs_certificate.as_ref().to_vec(),
        signature: certificate.signature_value.data.to_vec(),
        id: shape.has_id().then(|| SM2_DEFAULT_ID.to_vec()),
        hint: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_distinct_names_and_their_order() {
        let mut names = CertificateReason::ALL.map(CertificateReason::name).to_vec();
        names.extend(Reason::ALL.iter().map(|reason| reason.name()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(CertificateReason::ALL.is_sorted());
    }

    #[test]
    fn what_is_no_certificate_is_malformed_and_loses_no_other() {
        let text =
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n\n-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        let entries = parse(text.as_bytes()).unwrap();
        let lines: Vec<u64> = entries.iter().map(|entry| entry.line).collect();
        assert_eq!(lines, [1, 5]);
        assert!(matches!(&entries[0].content, Content::Malformed(message) if message.contains("a certificate in DER was expected")));
        assert!(matches!(&entries[1].content, Content::Malformed(message) if message.contains("base64")));
    }

    #[test]
    fn a_bundle_without_certificates_is_refused() {
        let text = "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n";
        assert!(parse(text.as_bytes()).unwrap_err().contains("at least one certificate"));
    }
}
