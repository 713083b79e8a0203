//! Objects that callers make, rename and destroy.

use std::sync::Arc;

use chainbox_engine::curve::{P256, Secp256k1, Sm2, sec1};
use chainbox_hsm::{Algorithm, Error, Label, PublicKey, pkcs11::ec, software::Ephemeral};
use cryptoki_sys::*;

use crate::{
    answer::Answer,
    attributes::{Attribute, Template, Value},
    der,
    limits::NAME_BYTES_MAX,
    mechanisms::{self, Does},
    module::{Access, Module},
    names::{Name, id_of},
    objects::{Class, Home, Object},
    operations,
    sessions::Session,
};

/// Random bytes in the label of a key that was given none.
const LABEL_RANDOM_BYTES: usize = 8;

/// `CKA_ID` or `CKA_LABEL` of a template.
fn name(template: &Template<'_>, kind: CK_ATTRIBUTE_TYPE) -> Answer<Option<Vec<u8>>> {
    let Some(bytes) = template.get(kind) else { return Ok(None) };
    if bytes.len() > NAME_BYTES_MAX { Err(CKR_ATTRIBUTE_VALUE_INVALID) } else { Ok(Some(bytes.to_vec())) }
}

/// The algorithm on the curve of `CKA_EC_PARAMS`.
fn algorithm(params: &[u8]) -> Answer<Algorithm> {
    Algorithm::ALL.into_iter().find(|algorithm| der::params(*algorithm) == params).ok_or(CKR_CURVE_NOT_SUPPORTED)
}

/// That a template's `CKA_KEY_TYPE`, where it has one, is that of an algorithm.
fn check_key_type(template: &Template<'_>, algorithm: Algorithm) -> Answer<()> {
    let key_type = template.number(CKA_KEY_TYPE)?;
    let fits = key_type.is_none_or(|key_type| mechanisms::is_key_type(key_type, algorithm));
    if fits { Ok(()) } else { Err(CKR_TEMPLATE_INCONSISTENT) }
}

/// Ids and labels of both halves of a new pair.
#[derive(Clone)]
struct PairNames {
    ids: [Option<Vec<u8>>; 2],
    labels: [Option<Vec<u8>>; 2],
}

impl PairNames {
    /// Of the templates of the public and the private half. An empty label is none.
    fn of(templates: &[Template<'_>; 2]) -> Answer<Self> {
        let label = |template| name(template, CKA_LABEL).map(|label| label.filter(|label| !label.is_empty()));
        let [public, private] = templates;
        Ok(Self { ids: [name(public, CKA_ID)?, name(private, CKA_ID)?], labels: [label(public)?, label(private)?] })
    }

    /// The label under which the card keeps the key: the private half's, or the public half's, or one that is made up.
    fn label_on_card(&self) -> Answer<Label> {
        let [public, private] = &self.labels;
        match private.as_ref().or(public.as_ref()) {
            Some(label) => {
                let text = std::str::from_utf8(label).ok();
                text.and_then(|text| text.parse().ok()).ok_or(CKR_ATTRIBUTE_VALUE_INVALID)
            }
            None => {
                let random = hex::encode(&*operations::random(LABEL_RANDOM_BYTES)?);
                format!("pkcs11-{random}").parse().map_err(|_| CKR_GENERAL_ERROR)
            }
        }
    }

    /// What is kept beside the label on the card, for the public half and for the private one.
    fn kept(self, label: &Label) -> [Vec<(Name, Vec<u8>)>; 2] {
        let [public, private] = self.labels;
        let own = label.as_str().as_bytes();
        let kept = |id: Option<Vec<u8>>, label: Option<Vec<u8>>| {
            let label = label.filter(|label| label != own).map(|label| (Name::Label, label));
            id.map(|id| (Name::Id, id)).into_iter().chain(label).collect()
        };
        let [public_id, private_id] = self.ids;
        [kept(public_id, public), kept(private_id, private)]
    }
}

/// `C_GenerateKeyPair`: handles of the public and the private half.
///
/// # Errors
/// What is wrong with mechanism and templates; where the card cannot make a key.
pub(crate) fn pair(
    module: &Module,
    session: &Session,
    mechanism: CK_MECHANISM,
    public: Vec<Attribute<'_>>,
    private: Vec<Attribute<'_>>,
) -> Answer<[CK_OBJECT_HANDLE; 2]> {
    let mechanism = operations::mechanism(mechanism)?;
    if mechanism.does != Does::Generates {
        return Err(CKR_MECHANISM_INVALID);
    }
    let templates = [Template::of_key(public)?, Template::of_key(private)?];
    let algorithm = match (templates[0].get(CKA_EC_PARAMS), mechanism.algorithms) {
        (Some(params), algorithms) => {
            Some(algorithm(params)?).filter(|algorithm| algorithms.contains(algorithm)).ok_or(CKR_CURVE_NOT_SUPPORTED)?
        }
        (None, [algorithm]) => *algorithm,
        (None, _) => return Err(CKR_TEMPLATE_INCOMPLETE),
    };
    for (template, class) in templates.iter().zip([CKO_PUBLIC_KEY, CKO_PRIVATE_KEY]) {
        template.expect(CKA_CLASS, class)?;
        check_key_type(template, algorithm)?;
        if template.get(CKA_EC_POINT).is_some() {
            return Err(CKR_TEMPLATE_INCONSISTENT);
        }
    }
    let [on_card, private_on_card] = [0, 1].map(|half: usize| templates[half].has(CKA_TOKEN));
    if on_card != private_on_card {
        return Err(CKR_TEMPLATE_INCONSISTENT);
    }
    module.check_access()?;
    let names = PairNames::of(&templates)?;
    if on_card { on_the_card(module, session, algorithm, names) } else { in_session(module, session, algorithm, names) }
}

fn on_the_card(module: &Module, session: &Session, algorithm: Algorithm, names: PairNames) -> Answer<[CK_OBJECT_HANDLE; 2]> {
    if !session.is_writable {
        return Err(CKR_SESSION_READ_ONLY);
    }
    let code = |error: Error| module.code(&error);
    let label = names.label_on_card()?;
    let keys = module.card().keys().map_err(|error| match module.access() {
        Access::NoKeys => CKR_TOKEN_WRITE_PROTECTED,
        Access::Open | Access::Locked | Access::Unlocked => code(error),
    })?;
    let key = keys.generate(&label, algorithm).map_err(code)?;
    let file = module.names().ok_or(CKR_TOKEN_WRITE_PROTECTED)?;
    for (class, given) in [Class::Public, Class::Private].into_iter().zip(names.kept(&label)) {
        if let Err(error) = if given.is_empty() { Ok(()) } else { file.give(&key, class, &given) } {
            // A key that nobody was told of helps nobody.
            let _ = keys.destroy(&label);
            return Err(code(error));
        }
    }
    module.refresh()?;
    let objects = module.objects();
    let handle = |class| objects.of_card(&label, class).ok_or(CKR_DEVICE_ERROR);
    Ok([handle(Class::Public)?, handle(Class::Private)?])
}

fn in_session(module: &Module, session: &Session, algorithm: Algorithm, names: PairNames) -> Answer<[CK_OBJECT_HANDLE; 2]> {
    let pair = Arc::new(Ephemeral::generate(algorithm).map_err(|error| module.code(&error))?);
    let PairNames { ids, labels } = names;
    let mut halves = [Class::Public, Class::Private].into_iter().zip(ids.into_iter().zip(labels)).map(|(class, (id, label))| Object {
        class,
        algorithm,
        public_key: *pair.public_key(),
        home: Home::Session { session: session.handle, pair: Some(Arc::clone(&pair)) },
        id: id.unwrap_or_else(|| id_of(pair.public_key()).to_vec()),
        label: label.unwrap_or_default(),
    });
    let mut add = || add(module, session, halves.next().ok_or(CKR_GENERAL_ERROR)?);
    Ok([add()?, add()?])
}

/// Adds an object of a session that is still open.
fn add(module: &Module, session: &Session, object: Object) -> Answer<CK_OBJECT_HANDLE> {
    // Whoever closes a session takes its objects after it left the table of sessions: so hold that while the object is added.
    let sessions = module.sessions();
    sessions.get(session.handle)?;
    module.objects().add(object)
}

/// `C_CreateObject`: a public key in the session.
///
/// # Errors
/// What is wrong with the template; `CKR_TOKEN_WRITE_PROTECTED` for an object that is to stay: the card holds key pairs of its own alone.
pub(crate) fn object(module: &Module, session: &Session, attributes: Vec<Attribute<'_>>) -> Answer<CK_OBJECT_HANDLE> {
    let class = attributes.iter().find(|attribute| attribute.kind == CKA_CLASS).ok_or(CKR_TEMPLATE_INCOMPLETE)?;
    if class.value != CKO_PUBLIC_KEY.to_ne_bytes() {
        return Err(CKR_ATTRIBUTE_VALUE_INVALID);
    }
    let template = Template::of_key(attributes)?;
    template.get(CKA_KEY_TYPE).ok_or(CKR_TEMPLATE_INCOMPLETE)?;
    let algorithm = algorithm(template.get(CKA_EC_PARAMS).ok_or(CKR_TEMPLATE_INCOMPLETE)?)?;
    check_key_type(&template, algorithm)?;
    let point = template.get(CKA_EC_POINT).ok_or(CKR_TEMPLATE_INCOMPLETE)?;
    let public_key = ec::public_key(point).filter(|key| is_on_curve(algorithm, key)).ok_or(CKR_ATTRIBUTE_VALUE_INVALID)?;
    if template.has(CKA_TOKEN) {
        return Err(CKR_TOKEN_WRITE_PROTECTED);
    }
    let (id, label) = (name(&template, CKA_ID)?, name(&template, CKA_LABEL)?);
    let object = Object {
        class: Class::Public,
        algorithm,
        public_key,
        home: Home::Session { session: session.handle, pair: None },
        id: id.unwrap_or_else(|| id_of(&public_key).to_vec()),
        label: label.unwrap_or_default(),
    };
    add(module, session, object)
}

fn is_on_curve(algorithm: Algorithm, key: &PublicKey) -> bool {
    match algorithm {
        Algorithm::EcdsaSecp256k1 => sec1::parse::<Secp256k1>(key).is_ok(),
        Algorithm::EcdsaP256 => sec1::parse::<P256>(key).is_ok(),
        Algorithm::Sm2 => sec1::parse::<Sm2>(key).is_ok(),
    }
}

/// `C_SetAttributeValue`: another `CKA_ID`, another `CKA_LABEL`. The label on the card, which names the key in settings and logs, stays.
///
/// # Errors
/// `CKR_ATTRIBUTE_READ_ONLY` for all others, and where the names of keys are not kept here; `CKR_SESSION_READ_ONLY`.
pub(crate) fn rename(module: &Module, session: &Session, handle: CK_OBJECT_HANDLE, attributes: &[Attribute<'_>]) -> Answer<()> {
    let object = module.object(handle)?;
    if object.is_on_card() && !session.is_writable {
        return Err(CKR_SESSION_READ_ONLY);
    }
    let given = attributes.iter().map(|attribute| {
        let name = match attribute.kind {
            CKA_ID => Name::Id,
            CKA_LABEL => Name::Label,
            other if object.value(other) == Value::Absent => return Err(CKR_ATTRIBUTE_TYPE_INVALID),
            _ => return Err(CKR_ATTRIBUTE_READ_ONLY),
        };
        if attribute.value.len() > NAME_BYTES_MAX { Err(CKR_ATTRIBUTE_VALUE_INVALID) } else { Ok((name, attribute.value.to_vec())) }
    });
    let given = given.collect::<Answer<Vec<_>>>()?;
    if !object.is_on_card() {
        module.objects().rename(handle, &given);
        return Ok(());
    }
    let file = module.names().ok_or(CKR_ATTRIBUTE_READ_ONLY)?;
    file.give(&object.public_key, object.class, &given).map_err(|error| module.code(&error))?;
    module.refresh()
}

/// `C_DestroyObject`. The public half of a key of the card goes with the private one, and not without it.
///
/// # Errors
/// `CKR_ACTION_PROHIBITED` for that, `CKR_SESSION_READ_ONLY`, and where the card fails.
pub(crate) fn destroy(module: &Module, session: &Session, handle: CK_OBJECT_HANDLE) -> Answer<()> {
    let object = module.object(handle)?;
    let Home::Card(label) = &object.home else {
        module.objects().remove(handle);
        return Ok(());
    };
    if !session.is_writable {
        return Err(CKR_SESSION_READ_ONLY);
    }
    if object.class == Class::Public {
        return Err(CKR_ACTION_PROHIBITED);
    }
    let code = |error: Error| module.code(&error);
    module.card().keys().and_then(|keys| keys.destroy(label)).map_err(code)?;
    if let Some(file) = module.names() {
        file.forget(&object.public_key).map_err(code)?;
    }
    module.refresh()
}
