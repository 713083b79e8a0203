//! Objects: the two halves of each key of the card, and what sessions made. Handles are numbers that are never given twice.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chainbox_hsm::{Algorithm, KeyInfo, Label, PublicKey, software::Ephemeral};
use cryptoki_sys::*;

use crate::{
    answer::Answer,
    attributes::{Attribute, Value},
    der,
    limits::SESSION_OBJECTS_MAX,
    mechanisms,
    names::{Name, Names, id_of},
};

/// Which half of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Class {
    Public,
    Private,
}

/// Where an object is.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    /// On the card, under this label.
    Card(Label),
    /// In a session, which takes it along when it ends. A public key that was handed over has no private half.
    Session { session: CK_SESSION_HANDLE, pair: Option<Arc<Ephemeral>> },
}

/// An object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) class: Class,
    pub(crate) algorithm: Algorithm,
    pub(crate) public_key: PublicKey,
    pub(crate) home: Home,
    /// `CKA_ID`.
    pub(crate) id: Vec<u8>,
    /// `CKA_LABEL`.
    pub(crate) label: Vec<u8>,
}

impl Object {
    fn of_card(key: &KeyInfo, class: Class, names: &Names) -> Self {
        let name = |name, own: &[u8]| names.get(&key.public_key, class, name).unwrap_or(own).to_vec();
        Self {
            class,
            algorithm: key.algorithm,
            public_key: key.public_key,
            home: Home::Card(key.label.clone()),
            id: name(Name::Id, &id_of(&key.public_key)),
            label: name(Name::Label, key.label.as_str().as_bytes()),
        }
    }

    pub(crate) const fn is_on_card(&self) -> bool {
        matches!(self.home, Home::Card(_))
    }

    /// Whether it was made here, rather than handed over.
    const fn is_local(&self) -> bool {
        !matches!(self.home, Home::Session { pair: None, .. })
    }

    /// An attribute.
    pub(crate) fn value(&self, kind: CK_ATTRIBUTE_TYPE) -> Value {
        match kind {
            CKA_CLASS => Value::number(if self.class == Class::Public { CKO_PUBLIC_KEY } else { CKO_PRIVATE_KEY }),
            CKA_TOKEN => Value::flag(self.is_on_card()),
            CKA_PRIVATE => Value::flag(self.class == Class::Private),
            CKA_MODIFIABLE => Value::flag(true),
            CKA_DESTROYABLE => Value::flag(!self.is_on_card() || self.class == Class::Private),
            CKA_COPYABLE | CKA_DERIVE => Value::flag(false),
            CKA_LABEL => Value::Bytes(self.label.clone()),
            CKA_ID => Value::Bytes(self.id.clone()),
            CKA_KEY_TYPE => Value::number(CKK_EC),
            CKA_SUBJECT | CKA_START_DATE | CKA_END_DATE => Value::Bytes(Vec::new()),
            CKA_LOCAL => Value::flag(self.is_local()),
            CKA_KEY_GEN_MECHANISM if self.is_local() => Value::number(mechanisms::generator(self.algorithm)),
            CKA_KEY_GEN_MECHANISM => Value::number(CK_UNAVAILABLE_INFORMATION),
            CKA_ALLOWED_MECHANISMS => Value::numbers(&mechanisms::allowed(self.algorithm)),
            CKA_EC_PARAMS => Value::Bytes(der::params(self.algorithm).to_vec()),
            CKA_PUBLIC_KEY_INFO => Value::Bytes(der::key_info(self.algorithm, &self.public_key)),
            _ => match self.class {
                Class::Public => self.public_value(kind),
                Class::Private => Self::private_value(kind),
            },
        }
    }

    fn public_value(&self, kind: CK_ATTRIBUTE_TYPE) -> Value {
        match kind {
            CKA_EC_POINT => Value::Bytes(der::point(&self.public_key)),
            CKA_VERIFY => Value::flag(true),
            CKA_ENCRYPT | CKA_VERIFY_RECOVER | CKA_WRAP | CKA_TRUSTED => Value::flag(false),
            _ => Value::Absent,
        }
    }

    fn private_value(kind: CK_ATTRIBUTE_TYPE) -> Value {
        match kind {
            CKA_SIGN | CKA_SENSITIVE | CKA_ALWAYS_SENSITIVE | CKA_NEVER_EXTRACTABLE => Value::flag(true),
            CKA_DECRYPT | CKA_SIGN_RECOVER | CKA_UNWRAP | CKA_EXTRACTABLE | CKA_WRAP_WITH_TRUSTED | CKA_ALWAYS_AUTHENTICATE => {
                Value::flag(false)
            }
            CKA_VALUE => Value::Sensitive,
            _ => Value::Absent,
        }
    }

    /// Whether it has all of these attributes.
    fn matches(&self, template: &[Attribute<'_>]) -> bool {
        let is_sm2 = |wanted: &Attribute<'_>| {
            let key_type = wanted.value.try_into().map(CK_KEY_TYPE::from_ne_bytes);
            wanted.kind == CKA_KEY_TYPE && key_type.is_ok_and(|key_type| mechanisms::is_key_type(key_type, self.algorithm))
        };
        template.iter().all(|wanted| self.value(wanted.kind) == Value::Bytes(wanted.value.to_vec()) || is_sm2(wanted))
    }
}

/// All objects.
#[derive(Default)]
pub(crate) struct Objects {
    by_handle: BTreeMap<CK_OBJECT_HANDLE, Arc<Object>>,
    last: CK_OBJECT_HANDLE,
    /// How many are of sessions.
    in_sessions: usize,
    /// What was last seen of the card.
    seen: Option<(Vec<KeyInfo>, Names)>,
}

impl Objects {
    /// Makes the objects of the card those of its keys: what is known keeps its handle.
    pub(crate) fn refresh(&mut self, keys: Vec<KeyInfo>, names: Names) {
        if self.seen.as_ref().is_some_and(|seen| seen.0 == keys && seen.1 == names) {
            return;
        }
        let mut known: HashMap<(Label, PublicKey, Class), CK_OBJECT_HANDLE> = HashMap::new();
        self.by_handle.retain(|handle, object| {
            let Home::Card(label) = &object.home else { return true };
            known.insert((label.clone(), object.public_key, object.class), *handle);
            false
        });
        for key in &keys {
            for class in [Class::Public, Class::Private] {
                let handle = known.remove(&(key.label.clone(), key.public_key, class)).unwrap_or_else(|| self.next());
                self.by_handle.insert(handle, Arc::new(Object::of_card(key, class, &names)));
            }
        }
        self.seen = Some((keys, names));
    }

    /// Forgets what needs a login: the card's objects, and private keys of sessions.
    pub(crate) fn forget_private(&mut self) {
        self.seen = None;
        self.retain(|object| !object.is_on_card() && object.class == Class::Public);
    }

    /// Takes along what a session made.
    pub(crate) fn end_session(&mut self, ended: CK_SESSION_HANDLE) {
        if self.in_sessions > 0 {
            self.retain(|object| !matches!(object.home, Home::Session { session, .. } if session == ended));
        }
    }

    fn retain(&mut self, keep: impl Fn(&Object) -> bool) {
        self.by_handle.retain(|_, object| keep(object));
        self.in_sessions = self.by_handle.values().filter(|object| !object.is_on_card()).count();
    }

    fn next(&mut self) -> CK_OBJECT_HANDLE {
        self.last += 1;
        self.last
    }

    /// Adds an object of a session.
    ///
    /// # Errors
    /// `CKR_DEVICE_MEMORY` where there are too many.
    pub(crate) fn add(&mut self, object: Object) -> Answer<CK_OBJECT_HANDLE> {
        if self.in_sessions >= SESSION_OBJECTS_MAX {
            return Err(CKR_DEVICE_MEMORY);
        }
        self.in_sessions += 1;
        let handle = self.next();
        self.by_handle.insert(handle, Arc::new(object));
        Ok(handle)
    }

    /// The object of a handle.
    pub(crate) fn get(&self, handle: CK_OBJECT_HANDLE) -> Option<Arc<Object>> {
        self.by_handle.get(&handle).cloned()
    }

    /// The handle of a half of a key of the card.
    pub(crate) fn of_card(&self, label: &Label, class: Class) -> Option<CK_OBJECT_HANDLE> {
        let is_it = |object: &Object| object.class == class && matches!(&object.home, Home::Card(other) if other == label);
        self.by_handle.iter().find(|(_, object)| is_it(object)).map(|(handle, _)| *handle)
    }

    /// Gives an object of a session another id and label.
    pub(crate) fn rename(&mut self, handle: CK_OBJECT_HANDLE, given: &[(Name, Vec<u8>)]) {
        let Some(object) = self.by_handle.get_mut(&handle) else { return };
        let object = Arc::make_mut(object);
        for (name, bytes) in given {
            match name {
                Name::Id => object.id.clone_from(bytes),
                Name::Label => object.label.clone_from(bytes),
            }
        }
    }

    /// Takes an object of a session away.
    pub(crate) fn remove(&mut self, handle: CK_OBJECT_HANDLE) {
        if self.by_handle.remove(&handle).is_some_and(|object| !object.is_on_card()) {
            self.in_sessions -= 1;
        }
    }

    /// The handles of the objects with these attributes, in the order in which they came.
    pub(crate) fn find(&self, template: &[Attribute<'_>]) -> Vec<CK_OBJECT_HANDLE> {
        self.by_handle.iter().filter(|(_, object)| object.matches(template)).map(|(handle, _)| *handle).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(label: &str, byte: u8) -> KeyInfo {
        KeyInfo { label: label.parse().unwrap(), algorithm: Algorithm::EcdsaP256, public_key: [byte; 65] }
    }

    fn label(name: &[u8]) -> Attribute<'_> {
        Attribute { kind: CKA_LABEL, value: name }
    }

    #[test]
    fn a_handle_stays_its_key_s_and_no_other_gets_it() {
        let mut objects = Objects::default();
        objects.refresh(vec![key("a", 1), key("b", 2)], Names::default());
        let (a, b) = (objects.find(&[label(b"a")]), objects.find(&[label(b"b")]));
        assert_eq!((a.len(), b.len()), (2, 2));
        objects.refresh(vec![key("b", 2)], Names::default());
        assert!(a.iter().all(|handle| objects.get(*handle).is_none()));
        objects.refresh(vec![key("a", 3), key("b", 2)], Names::default());
        let anew = objects.find(&[label(b"a")]);
        assert!(anew.iter().all(|handle| !a.contains(handle)), "another key under the same label is another object");
        assert_eq!(objects.find(&[label(b"b")]), b);
        assert_eq!(objects.of_card(&"b".parse().unwrap(), Class::Private).map(|handle| b.contains(&handle)), Some(true));
    }

    #[test]
    fn a_session_takes_its_objects_along() {
        let object = |session| Object {
            class: Class::Public,
            algorithm: Algorithm::Sm2,
            public_key: [4; 65],
            home: Home::Session { session, pair: None },
            id: vec![],
            label: vec![],
        };
        let mut objects = Objects::default();
        let (of_1, of_2) = (objects.add(object(1)).unwrap(), objects.add(object(2)).unwrap());
        objects.end_session(1);
        assert!(objects.get(of_1).is_none() && objects.get(of_2).is_some());
        objects.rename(of_2, &[(Name::Id, vec![7])]);
        assert_eq!(objects.find(&[Attribute { kind: CKA_ID, value: &[7] }]), [of_2]);
        objects.remove(of_2);
        objects.remove(of_2);
        for _ in 0..SESSION_OBJECTS_MAX {
            objects.add(object(3)).unwrap();
        }
        assert_eq!(objects.add(object(3)), Err(CKR_DEVICE_MEMORY));
    }

    #[test]
    fn a_private_key_is_never_shown() {
        let mut objects = Objects::default();
        objects.refresh(vec![key("a", 1)], Names::default());
        let private = objects.get(objects.of_card(&"a".parse().unwrap(), Class::Private).unwrap()).unwrap();
        assert_eq!(private.value(CKA_VALUE), Value::Sensitive);
        assert_eq!((private.value(CKA_EXTRACTABLE), private.value(CKA_SENSITIVE)), (Value::flag(false), Value::flag(true)));
        assert_eq!(private.value(CKA_EC_POINT), Value::Absent);
    }
}
