//! Attributes: what callers ask for in templates, and their bytes.

use cryptoki_sys::*;

use crate::answer::Answer;

/// An attribute of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) kind: CK_ATTRIBUTE_TYPE,
    pub(crate) value: &'a [u8],
}

/// An object's answer to a question for an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Bytes(Vec<u8>),
    /// It is there, and is never shown.
    Sensitive,
    /// Such an object has none.
    Absent,
}

impl Value {
    pub(crate) fn flag(flag: bool) -> Self {
        Self::Bytes(vec![CK_BBOOL::from(flag)])
    }

    pub(crate) fn number(number: CK_ULONG) -> Self {
        Self::Bytes(number.to_ne_bytes().to_vec())
    }

    pub(crate) fn numbers(numbers: &[CK_ULONG]) -> Self {
        Self::Bytes(numbers.iter().flat_map(|number| number.to_ne_bytes()).collect())
    }
}

/// A template, read with what stands in it checked.
pub(crate) struct Template<'a>(Vec<Attribute<'a>>);

/// Attributes of keys that say yes or no. They are read, and those that such a key cannot have are not given to it: what the object answers holds.
const FLAGS: [CK_ATTRIBUTE_TYPE; 17] = [
    CKA_TOKEN,
    CKA_PRIVATE,
    CKA_MODIFIABLE,
    CKA_COPYABLE,
    CKA_DESTROYABLE,
    CKA_TRUSTED,
    CKA_SENSITIVE,
    CKA_EXTRACTABLE,
    CKA_ENCRYPT,
    CKA_DECRYPT,
    CKA_WRAP,
    CKA_UNWRAP,
    CKA_SIGN,
    CKA_SIGN_RECOVER,
    CKA_VERIFY,
    CKA_VERIFY_RECOVER,
    CKA_DERIVE,
];

/// Flags of private keys that are not among [`FLAGS`] because few ask for them.
const RARE_FLAGS: [CK_ATTRIBUTE_TYPE; 2] = [CKA_ALWAYS_AUTHENTICATE, CKA_WRAP_WITH_TRUSTED];

/// Attributes with values of other kinds that a template of a key may have.
const OTHERS: [CK_ATTRIBUTE_TYPE; 10] = [
    CKA_CLASS,
    CKA_KEY_TYPE,
    CKA_LABEL,
    CKA_ID,
    CKA_SUBJECT,
    CKA_START_DATE,
    CKA_END_DATE,
    CKA_EC_PARAMS,
    CKA_EC_POINT,
    CKA_ALLOWED_MECHANISMS,
];

impl<'a> Template<'a> {
    /// Takes the attributes of a key that is to be made.
    ///
    /// # Errors
    /// `CKR_ATTRIBUTE_TYPE_INVALID` for one that no key here has, `CKR_ATTRIBUTE_VALUE_INVALID` for a flag that is none, `CKR_TEMPLATE_INCONSISTENT` for one
    /// that stands there twice.
    pub(crate) fn of_key(attributes: Vec<Attribute<'a>>) -> Answer<Self> {
        for (index, attribute) in attributes.iter().enumerate() {
            let is_flag = FLAGS.contains(&attribute.kind) || RARE_FLAGS.contains(&attribute.kind);
            if is_flag && !matches!(attribute.value, [CK_FALSE | CK_TRUE]) {
                return Err(CKR_ATTRIBUTE_VALUE_INVALID);
            }
            if !is_flag && !OTHERS.contains(&attribute.kind) {
                return Err(CKR_ATTRIBUTE_TYPE_INVALID);
            }
            if attributes[..index].iter().any(|before| before.kind == attribute.kind) {
                return Err(CKR_TEMPLATE_INCONSISTENT);
            }
        }
        Ok(Self(attributes))
    }

    /// The bytes of an attribute.
    pub(crate) fn get(&self, kind: CK_ATTRIBUTE_TYPE) -> Option<&'a [u8]> {
        self.0.iter().find(|attribute| attribute.kind == kind).map(|attribute| attribute.value)
    }

    /// Whether a flag is set.
    pub(crate) fn has(&self, flag: CK_ATTRIBUTE_TYPE) -> bool {
        self.get(flag) == Some(&[CK_TRUE])
    }

    /// A number, where it is there.
    ///
    /// # Errors
    /// `CKR_ATTRIBUTE_VALUE_INVALID` where it has another length.
    pub(crate) fn number(&self, kind: CK_ATTRIBUTE_TYPE) -> Answer<Option<CK_ULONG>> {
        let number = |bytes: &[u8]| bytes.try_into().map(CK_ULONG::from_ne_bytes).map_err(|_| CKR_ATTRIBUTE_VALUE_INVALID);
        self.get(kind).map(number).transpose()
    }

    /// That a number, where it is there, is this one.
    ///
    /// # Errors
    /// `CKR_TEMPLATE_INCONSISTENT` where it is not.
    pub(crate) fn expect(&self, kind: CK_ATTRIBUTE_TYPE, number: CK_ULONG) -> Answer<()> {
        if self.number(kind)?.is_none_or(|given| given == number) { Ok(()) } else { Err(CKR_TEMPLATE_INCONSISTENT) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_checked() {
        let attribute = |kind, value| Attribute { kind, value };
        let refused = |attributes: &[Attribute<'static>]| Template::of_key(attributes.to_vec()).err();
        assert_eq!(refused(&[attribute(CKA_TOKEN, &[1]), attribute(CKA_LABEL, b"a")]), None);
        assert_eq!(refused(&[attribute(CKA_TOKEN, &[2])]), Some(CKR_ATTRIBUTE_VALUE_INVALID));
        assert_eq!(refused(&[attribute(CKA_TOKEN, &[])]), Some(CKR_ATTRIBUTE_VALUE_INVALID));
        assert_eq!(refused(&[attribute(CKA_VALUE, &[1])]), Some(CKR_ATTRIBUTE_TYPE_INVALID));
        assert_eq!(refused(&[attribute(CKA_ID, &[1]), attribute(CKA_ID, &[1])]), Some(CKR_TEMPLATE_INCONSISTENT));
        let template = Template::of_key(vec![attribute(CKA_CLASS, &[2, 0, 0])]).unwrap_or_else(|code| panic!("{code}"));
        assert_eq!(template.expect(CKA_CLASS, 2), Err(CKR_ATTRIBUTE_VALUE_INVALID));
        assert_eq!(template.expect(CKA_KEY_TYPE, 2), Ok(()));
    }
}
