//! Tokens of a module: which one is meant, and what it is.

use cryptoki::{
    context::Pkcs11 as Library,
    slot::{Slot, TokenInfo},
};

use super::{TokenName, fault::Fault};
use crate::{Error, Kind};

impl TokenName {
    fn is_of(&self, token: &TokenInfo) -> bool {
        match self {
            Self::Label(label) => token.label().trim_end() == label,
            Self::Serial(serial) => token.serial_number().trim_end() == serial,
        }
    }
}

impl std::fmt::Display for TokenName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Label(label) => write!(f, "the label {label:?}"),
            Self::Serial(serial) => write!(f, "the serial number {serial:?}"),
        }
    }
}

/// The slot with the token of this name. `known` says that it was there before.
pub(super) fn find(library: &Library, name: &TokenName, known: bool, place: &str) -> Result<(Slot, TokenInfo), Fault> {
    let mut tokens = Vec::new();
    for slot in library.get_slots_with_token()? {
        match library.get_token_info(slot) {
            Ok(token) => tokens.push((slot, token)),
            // One token that cannot be read, or was pulled just now, must not hide the others.
            Err(refused) => tracing::debug!(%slot, %refused, "a token cannot be read"),
        }
    }
    let of_name: Vec<_> = tokens.iter().filter(|(_, token)| name.is_of(token)).cloned().collect();
    match <[_; 1]>::try_from(of_name) {
        Ok([one]) => Ok(one),
        Err(several) if !several.is_empty() => {
            let what = format!("{} tokens have {name}: {}", several.len(), listed(&several));
            Err(Error::new(Kind::NoDevice, place, what).remedy("name the token by its serial number").into())
        }
        Err(_) => Err(missing(name, &tokens, known, place).into()),
    }
}

fn missing(name: &TokenName, tokens: &[(Slot, TokenInfo)], known: bool, place: &str) -> Error {
    let there = if tokens.is_empty() { "the module shows no token at all".to_owned() } else { format!("there are {}", listed(tokens)) };
    let what = format!("no token has {name}; {there}");
    if known {
        return Error::new(Kind::DeviceGone, place, what)
            .remedy("put the token back, or bring its connection up: it is used again as soon as it is there");
    }
    let remedy = if tokens.is_empty() { "attach the device, or mend the module's own settings" } else { "name one of these" };
    Error::new(Kind::NoDevice, place, what).remedy(remedy)
}

fn listed(tokens: &[(Slot, TokenInfo)]) -> String {
    let one = |(slot, token): &(Slot, TokenInfo)| {
        let (label, serial) = (token.label().trim_end(), token.serial_number().trim_end());
        if token.token_initialized() {
            format!("{label:?} (serial {serial}, slot {slot})")
        } else {
            format!("an uninitialised token (slot {slot})")
        }
    };
    tokens.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a token is: maker, model, firmware, serial number.
pub(super) fn description(token: &TokenInfo) -> String {
    let (maker, model) = (token.manufacturer_id().trim_end(), token.model().trim_end());
    format!("{maker} {model}, firmware {}, serial {}", token.firmware_version(), token.serial_number().trim_end())
}
