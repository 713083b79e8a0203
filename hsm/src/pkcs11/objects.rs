//! Keys of a token: found, read, made, destroyed.

use std::sync::atomic::AtomicBool;

use chainbox_engine::hash::sha256;
use cryptoki::{
    error::{Error as Refused, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, ObjectClass, ObjectHandle},
    session::{Session, SessionState},
};

use super::{
    connection::Link,
    ec::{self, Curves},
    fault::Fault,
};
use crate::{Algorithm, Error, KeyInfo, Kind, Label, PublicKey};

/// Bytes of `CKA_ID` of a key that is made here.
const ID_BYTES: usize = 16;

/// A key whose handle is known.
pub(super) struct Key {
    /// Of the private key.
    pub(super) handle: ObjectHandle,
    pub(super) info: KeyInfo,
    /// Whether a signature of it was seen to verify: what the token shows as its public half is that, and the mechanism is the right one.
    pub(super) proved: AtomicBool,
}

/// A key pair that was made just now.
pub(super) struct Made {
    pub(super) private: ObjectHandle,
    public: ObjectHandle,
    pub(super) public_key: PublicKey,
}

impl Made {
    /// Takes it back.
    pub(super) fn destroy(&self, session: &Session) {
        destroy_pair(session, self.private, self.public);
    }
}

/// Destroys what nobody was told of. What cannot be destroyed stays, and its label is taken: whoever comes next is told that.
fn destroy_pair(session: &Session, private: ObjectHandle, public: ObjectHandle) {
    for object in [private, public] {
        if let Err(refused) = session.destroy_object(object) {
            tracing::warn!(%refused, "a key that nobody asked for any more stays on the token");
        }
    }
}

/// What names a key object.
#[derive(Default)]
struct Names {
    label: Vec<u8>,
    id: Vec<u8>,
    params: Vec<u8>,
    point: Vec<u8>,
    info: Vec<u8>,
}

fn names(session: &Session, object: ObjectHandle, wanted: &[AttributeType]) -> Result<Names, Fault> {
    let mut names = Names::default();
    for attribute in session.get_attributes(object, wanted)? {
        match attribute {
            Attribute::Label(label) => names.label = label,
            Attribute::Id(id) => names.id = id,
            Attribute::EcParams(params) => names.params = params,
            Attribute::EcPoint(point) => names.point = point,
            Attribute::PublicKeyInfo(info) => names.info = info,
            _ => {}
        }
    }
    Ok(names)
}

/// The objects of a class on the token, with what names them; those with this label, or all.
fn objects(
    session: &Session,
    class: ObjectClass,
    label: Option<&Label>,
    wanted: &[AttributeType],
) -> Result<Vec<(ObjectHandle, Names)>, Fault> {
    let mut template = vec![Attribute::Class(class), Attribute::Token(true)];
    template.extend(label.map(|label| Attribute::Label(label.as_str().into())));
    let found = session.find_objects(&template)?;
    found.into_iter().map(|object| Ok((object, names(session, object, wanted)?))).collect()
}

fn privates(link: &Link, label: Option<&Label>) -> Result<Vec<(ObjectHandle, Names)>, Fault> {
    let found =
        objects(&link.session, ObjectClass::PRIVATE_KEY, label, &[AttributeType::Label, AttributeType::Id, AttributeType::EcParams])?;
    if found.is_empty() {
        logged_in(link)?;
    }
    Ok(found)
}

/// Private keys are invisible to whoever is logged out, which must not look as if there were none. A token that needs no login hides nothing.
fn logged_in(link: &Link) -> Result<(), Fault> {
    if !link.token.login_required() {
        return Ok(());
    }
    match link.session.get_session_info()?.session_state() {
        SessionState::RoUser | SessionState::RwUser => Ok(()),
        _ => Err(Refused::Pkcs11(RvError::UserNotLoggedIn, cryptoki::context::Function::FindObjects).into()),
    }
}

fn publics(session: &Session, label: Option<&Label>) -> Result<Vec<(ObjectHandle, Names)>, Fault> {
    objects(session, ObjectClass::PUBLIC_KEY, label, &[AttributeType::Label, AttributeType::Id, AttributeType::EcPoint])
}

/// The public key object of a private one: that with the same `CKA_ID`, or else with the same label.
fn partner<'a>(private: &Names, publics: &'a [(ObjectHandle, Names)]) -> Option<&'a Names> {
    let of = |same: &dyn Fn(&Names) -> bool| publics.iter().map(|(_, public)| public).find(|public| same(public));
    of(&|public| public.id == private.id && public.label == private.label)
        .or_else(|| of(&|public| !private.id.is_empty() && public.id == private.id))
        .or_else(|| of(&|public| public.label == private.label))
}

/// The public half, from a public key object or, where there is none, from the private one's own attributes.
fn public_half(
    session: &Session,
    object: ObjectHandle,
    private: &Names,
    publics: &[(ObjectHandle, Names)],
) -> Result<Option<PublicKey>, Fault> {
    if let Some(public) = partner(private, publics) {
        return Ok(ec::public_key(&public.point));
    }
    let own = names(session, object, &[AttributeType::EcPoint, AttributeType::PublicKeyInfo])?;
    Ok(ec::public_key(&own.point).or_else(|| ec::public_key_of_info(&own.info)))
}

/// Finds a key by its label.
pub(super) fn find(link: &Link, curves: &Curves, label: &Label, place: &str) -> Result<Key, Fault> {
    let session = &link.session;
    let (handle, private) = only(privates(link, Some(label))?, label, place)?;
    let Some(algorithm) = curves.algorithm(&private.params) else {
        let what = format!("the key {label} is on none of the curves that are signed with here");
        return Err(Error::new(Kind::Unsupported, place, what)
            .remedy("take a key on P-256 or secp256k1, or set the mechanisms of SM2")
            .into());
    };
    let mut candidates = publics(session, Some(label))?;
    if candidates.is_empty() {
        candidates = publics(session, None)?;
    }
    let Some(public_key) = public_half(session, handle, &private, &candidates)? else {
        let what = format!("the token does not show the public half of the key {label}");
        return Err(Error::new(Kind::Unsupported, place, what)
            .remedy("store the public key beside it, with the same CKA_ID and label")
            .into());
    };
    Ok(Key { handle, info: KeyInfo { label: label.clone(), algorithm, public_key }, proved: AtomicBool::new(false) })
}

fn only<T>(found: Vec<T>, label: &Label, place: &str) -> Result<T, Error> {
    match <[T; 1]>::try_from(found) {
        Ok([one]) => Ok(one),
        Err(none) if none.is_empty() => {
            Err(Error::new(Kind::NoKey, place, format!("no key has the label {label}")).remedy("make it, or name another one"))
        }
        Err(several) => {
            let what = format!("{} keys have the label {label}", several.len());
            Err(Error::new(Kind::KeyExists, place, what).remedy("give each a label of its own with the vendor's tool"))
        }
    }
}

/// The keys that can be used here, in the order of their labels. One whose label is not its own is no key that could be named.
pub(super) fn list(link: &Link, curves: &Curves, place: &str) -> Result<Vec<KeyInfo>, Fault> {
    let session = &link.session;
    let publics = publics(session, None)?;
    let mut keys = Vec::new();
    for (handle, private) in privates(link, None)? {
        let label = String::from_utf8(private.label.clone()).ok().and_then(|label| label.parse::<Label>().ok());
        let (Some(label), Some(algorithm)) = (label, curves.algorithm(&private.params)) else { continue };
        match public_half(session, handle, &private, &publics)? {
            Some(public_key) => keys.push(KeyInfo { label, algorithm, public_key }),
            None => tracing::warn!(device = place, %label, "the token does not show the public half of a key"),
        }
    }
    keys.sort_by(|a, b| a.label.cmp(&b.label));
    let (alone, shared): (Vec<_>, Vec<_>) = keys.chunk_by(|a, b| a.label == b.label).partition(|keys| keys.len() == 1);
    for keys in shared {
        tracing::warn!(device = place, label = %keys[0].label, keys = keys.len(), "several keys have one label, so none of them is listed");
    }
    Ok(alone.concat())
}

/// Makes a key pair: on the token under a label, or, without a label, in the session alone.
pub(super) fn make(session: &Session, mechanism: &Mechanism<'_>, params: &[u8], label: Option<&Label>, place: &str) -> Result<Made, Fault> {
    let on_token = label.is_some();
    let mut shared = vec![Attribute::Token(on_token)];
    if let Some(label) = label {
        shared.push(Attribute::Label(label.as_str().into()));
        shared.push(Attribute::Id(sha256(label.as_str().as_bytes())[..ID_BYTES].to_vec()));
    }
    let public = [shared.as_slice(), &[Attribute::Private(false), Attribute::Verify(true), Attribute::EcParams(params.to_vec())]].concat();
    let guarded = [Attribute::Private(true), Attribute::Sensitive(true), Attribute::Extractable(false), Attribute::Sign(true)];
    let (public, private) = session.generate_key_pair(mechanism, &public, &[shared.as_slice(), &guarded].concat())?;
    let point = names(session, public, &[AttributeType::EcPoint]).map(|names| ec::public_key(&names.point));
    match point {
        Ok(Some(public_key)) => Ok(Made { private, public, public_key }),
        other => {
            destroy_pair(session, private, public);
            other?;
            Err(Error::new(Kind::DeviceFailed, place, "the token made a key and does not show its public half").into())
        }
    }
}

/// That no private key has the label yet.
pub(super) fn is_free(link: &Link, label: &Label, place: &str) -> Result<(), Fault> {
    if privates(link, Some(label))?.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::KeyExists, place, format!("a key has the label {label} already"))
        .remedy("take another label, or destroy that key")
        .into())
}

/// Destroys the only private key with the label, and what public keys belong to it.
pub(super) fn destroy(link: &Link, label: &Label, place: &str) -> Result<(), Fault> {
    let session = &link.session;
    let (private, names) = only(privates(link, Some(label))?, label, place)?;
    session.destroy_object(private)?;
    for (public, _) in publics(session, Some(label))?.into_iter().filter(|(_, public)| public.id == names.id) {
        if let Err(refused) = session.destroy_object(public) {
            tracing::warn!(device = place, %label, %refused, "the public half of a destroyed key stays on the token");
        }
    }
    Ok(())
}

/// The mechanism that signs with keys of an algorithm.
pub(super) fn signs_with(algorithm: Algorithm, sm2: Option<Mechanism<'static>>) -> Option<Mechanism<'static>> {
    match algorithm {
        Algorithm::EcdsaSecp256k1 | Algorithm::EcdsaP256 => Some(Mechanism::Ecdsa),
        Algorithm::Sm2 => sm2,
    }
}
