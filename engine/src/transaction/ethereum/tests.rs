mod draft;

use super::*;
use draft::*;

/// Takes whatever chain a transaction names.
const ANY: Policy = Policy { chain_id: None, require_chain_id: false };

const TYPED: [TransactionType; 4] =
    [TransactionType::AccessList, TransactionType::DynamicFee, TransactionType::Blob, TransactionType::SetCode];

#[test]
fn every_type_decodes() {
    for kind in TransactionType::ALL {
        let draft = Draft::new(kind);
        let transaction = draft.decode().unwrap();
        assert_eq!((transaction.kind, transaction.chain_id, transaction.nonce), (kind, Some(1), 0));
        assert_eq!(transaction.hash, keccak256(&draft.raw()));
        let mut signature = [0; 65];
        (signature[0], signature[32 + 2], signature[64]) = (1, 1, 1);
        assert_eq!(transaction.signature, signature, "{kind:?}");
    }
}

#[test]
fn signing_digest_covers_what_the_sender_signed() {
    for kind in TransactionType::ALL {
        let draft = Draft::new(kind);
        let mut signed = draft.clone();
        signed.items.truncate(draft.items.len() - 3);
        if kind == TransactionType::Legacy {
            signed.items.extend([(F::ChainId, integer(1)), (F::R, integer(0)), (F::S, integer(0))]);
        }
        assert_eq!(draft.decode().unwrap().signing_digest, keccak256(&signed.raw()), "{kind:?}");
    }
    let old = Draft::new(TransactionType::Legacy).with(F::V, integer(27));
    let mut signed = old.clone();
    signed.items.truncate(6);
    assert_eq!(old.decode().unwrap().signing_digest, keccak256(&signed.raw()));
}

#[test]
fn the_example_of_eip_155_decodes() {
    let raw = concat!(
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080",
        "25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276",
        "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83",
    );
    let transaction = decode(&unhex(raw), &ANY).unwrap();
    assert_eq!(transaction.signing_digest[..], unhex("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"));
    assert_eq!((transaction.chain_id, transaction.nonce, transaction.signature[64]), (Some(1), 9, 0));
}

#[test]
fn the_address_of_private_key_1_is_known() {
    let generator = concat!(
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
    );
    assert_eq!(address(&unhex(generator).try_into().unwrap())[..], unhex("7e5f4552091a69125d5dfcb7b8c2659029395bdf"));
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn bytes_that_are_no_envelope_are_refused() {
    for raw in [&[][..], &[0x80], &[0xbf], &[1], &[2, 0x80], &[0xc0], &[3, 0xc0], &[4, 0xc1]] {
        assert_eq!(decode(raw, &ANY), Err(Reason::TransactionEncoding), "{raw:02x?}");
    }
}

#[test]
fn type_bytes_that_name_no_supported_type_are_refused() {
    for type_byte in [0].into_iter().chain(5..0x80) {
        let raw = [vec![type_byte], Draft::new(TransactionType::DynamicFee).list()].concat();
        assert_eq!(decode(&raw, &ANY), Err(Reason::TransactionType), "{type_byte:02x}");
    }
}

#[test]
fn the_longest_transaction_is_8_mib() {
    let of_length = |bytes: usize| {
        let draft = Draft::new(TransactionType::DynamicFee);
        let around = draft.clone().with(F::Data, string(&vec![1; 1 << 20])).raw().len() - (1 << 20);
        draft.with(F::Data, string(&vec![1; bytes - around])).raw()
    };
    let longest = of_length(TRANSACTION_BYTES_MAX);
    assert_eq!(longest.len(), TRANSACTION_BYTES_MAX);
    assert!(decode(&longest, &ANY).is_ok());
    assert_eq!(decode(&of_length(TRANSACTION_BYTES_MAX + 1), &ANY), Err(Reason::TransactionEncoding));
}

#[test]
fn missing_and_surplus_bytes_are_refused() {
    for kind in TransactionType::ALL {
        let draft = Draft::new(kind);
        let raw = draft.raw();
        for end in 0..raw.len() {
            assert_eq!(decode(&raw[..end], &ANY), Err(Reason::TransactionEncoding), "{kind:?} cut to {end} bytes");
        }
        assert_eq!(decode(&[raw, vec![0]].concat(), &ANY), Err(Reason::TransactionEncoding), "{kind:?}");
        let mut shorter = draft.clone();
        shorter.items.pop();
        assert_eq!(shorter.decode(), Err(Reason::TransactionEncoding), "{kind:?}");
        let mut longer = draft;
        longer.items.push((F::S, integer(0)));
        assert_eq!(longer.decode(), Err(Reason::TransactionEncoding), "{kind:?}");
    }
}

#[test]
fn the_network_form_is_refused_by_name() {
    let transaction = Draft::new(TransactionType::Blob).list();
    let [blobs, commitments, proofs] = [131_072, 48, 48].map(|bytes| list(&[string(&vec![3; bytes])]));
    let network = |items: &[Vec<u8>]| decode(&[vec![3], list(items)].concat(), &ANY);
    let parts = [transaction.clone(), blobs.clone(), commitments.clone(), proofs.clone()];
    assert_eq!(network(&parts), Err(Reason::BlobNetworkForm));
    let with_cells = [transaction.clone(), integer(1), blobs.clone(), commitments, proofs];
    assert_eq!(network(&with_cells), Err(Reason::BlobNetworkForm));
    assert_eq!(network(&[transaction.clone(), blobs]), Err(Reason::TransactionEncoding));
    assert_eq!(network(&[&with_cells[..], &[list(&[])]].concat()), Err(Reason::TransactionEncoding));
    // Of another type, a list in the place of the chain id is no form at all.
    assert_eq!(decode(&[vec![2], list(&parts)].concat(), &ANY), Err(Reason::TransactionEncoding));
}

#[test]
fn integers_wider_than_their_field_are_refused() {
    for field in [F::ChainId, F::Nonce, F::GasLimit] {
        assert_refused(field, &integer_of_width(9), Reason::TransactionEncoding);
    }
    for field in [F::GasPrice, F::PriorityFee, F::MaximumFee, F::Value, F::BlobFee, F::V, F::R, F::S] {
        assert_refused(field, &integer_of_width(33), Reason::TransactionEncoding);
    }
}

#[test]
fn integers_as_wide_as_their_field_are_accepted() {
    let widest =
        [(F::ChainId, 8), (F::GasLimit, 8), (F::Nonce, 8), (F::MaximumFee, 32), (F::BlobFee, 32), (F::Value, 32), (F::R, 32), (F::S, 32)];
    for (field, bytes) in widest {
        assert!(Draft::new(TransactionType::Blob).with(field, integer_of_width(bytes)).decode().is_ok(), "{field:?}");
    }
    assert!(Draft::new(TransactionType::Legacy).with(F::GasPrice, integer_of_width(32)).decode().is_ok());
}

#[test]
fn encodings_that_are_not_canonical_are_refused_in_every_field() {
    let numbers = [F::ChainId, F::Nonce, F::GasPrice, F::PriorityFee, F::MaximumFee, F::GasLimit, F::Value, F::BlobFee, F::V, F::R, F::S];
    for field in numbers {
        for item in [&[0][..], &[0x82, 0, 1], &[0x81, 1], &[0xb8, 1, 0x80], &[0xc0]] {
            assert_refused(field, item, Reason::TransactionEncoding);
        }
    }
    for item in [&[0x81, 1][..], &[0xb8, 1, 0x80], &[0xc0]] {
        assert_refused(F::Data, item, Reason::TransactionEncoding);
    }
    for field in [F::AccessList, F::BlobHashes, F::Authorizations] {
        assert_refused(field, &[0x80], Reason::TransactionEncoding);
        assert_refused(field, &[0xf8, 0], Reason::TransactionEncoding);
    }
}

#[test]
fn recipients_have_20_bytes() {
    for bytes in [1, 19, 21, 32] {
        assert_refused(F::To, &string(&vec![9; bytes]), Reason::TransactionEncoding);
    }
    assert_refused(F::To, &[0xc0], Reason::TransactionEncoding);
}

#[test]
fn only_the_types_that_can_create_contracts_lack_a_recipient() {
    let without = |kind| Draft::new(kind).with(F::To, string(&[])).decode().err();
    for kind in [TransactionType::Legacy, TransactionType::AccessList, TransactionType::DynamicFee] {
        assert_eq!(without(kind), None, "{kind:?}");
    }
    for kind in [TransactionType::Blob, TransactionType::SetCode] {
        assert_eq!(without(kind), Some(Reason::RecipientMissing), "{kind:?}");
    }
}

#[test]
fn access_lists_hold_addresses_and_keys_of_their_lengths() {
    let (address, key) = (string(&[6; 20]), string(&[6; 32]));
    let malformed = [
        list(std::slice::from_ref(&address)),
        list(&[list(std::slice::from_ref(&address))]),
        list(&[list(&[string(&[6; 19]), list(&[])])]),
        list(&[list(&[address.clone(), key.clone()])]),
        list(&[list(&[address.clone(), list(&[string(&[6; 31])])])]),
        list(&[list(&[address.clone(), list(&[key.clone(), string(&[6; 33])])])]),
        list(&[list(&[address.clone(), list(&[key]), list(&[])])]),
    ];
    for item in malformed {
        assert_refused(F::AccessList, &item, Reason::TransactionEncoding);
    }
    for kind in TYPED {
        for item in [list(&[]), list(&[list(&[address.clone(), list(&[])])])] {
            assert!(Draft::new(kind).with(F::AccessList, item).decode().is_ok());
        }
    }
}

#[test]
fn legacy_v_names_parity_and_chain() {
    let legacy = |v: &[u8]| {
        let transaction = Draft::new(TransactionType::Legacy).with(F::V, string(v)).decode()?;
        Ok((transaction.signature[64], transaction.chain_id))
    };
    let accepted: [(&[u8], _); 8] = [
        (&[27], (0, None)),
        (&[28], (1, None)),
        (&[35], (0, Some(0))),
        (&[36], (1, Some(0))),
        (&[37], (0, Some(1))),
        (&[38], (1, Some(1))),
        // 35 + 2 * (2^64 - 1) and one more: the highest of all.
        (&[2, 0, 0, 0, 0, 0, 0, 0, 33], (0, Some(u64::MAX))),
        (&[2, 0, 0, 0, 0, 0, 0, 0, 34], (1, Some(u64::MAX))),
    ];
    for (v, meaning) in accepted {
        assert_eq!(legacy(v), Ok(meaning), "{v:02x?}");
    }
    let widest = [255; 32];
    let refused: [&[u8]; 10] = [&[], &[1], &[26], &[29], &[30], &[33], &[34], &[2, 0, 0, 0, 0, 0, 0, 0, 35], &[1; 17], &widest];
    for v in refused {
        assert_eq!(legacy(v), Err(Reason::SignatureV), "{v:02x?}");
    }
}

#[test]
fn parity_is_0_or_1() {
    for kind in TYPED {
        for parity in [0, 1] {
            assert_eq!(Draft::new(kind).with(F::V, integer(parity)).decode().unwrap().signature[64], parity as u8);
        }
        for v in [integer(2), integer(3), integer(27), integer(37), integer(256), integer_of_width(9), integer_of_width(32)] {
            assert_eq!(Draft::new(kind).with(F::V, v.clone()).decode(), Err(Reason::SignatureV), "{kind:?} {v:02x?}");
        }
    }
}

#[test]
fn policy_decides_on_chains() {
    let on = |chain_id, require_chain_id| Policy { chain_id, require_chain_id };
    let unnamed = Draft::new(TransactionType::Legacy).with(F::V, integer(28)).raw();
    for policy in [ANY, on(Some(1), false)] {
        assert!(decode(&unnamed, &policy).is_ok());
    }
    for policy in [on(None, true), on(Some(1), true)] {
        assert_eq!(decode(&unnamed, &policy), Err(Reason::ChainIdMissing));
    }
    for kind in TransactionType::ALL {
        let raw = Draft::new(kind).raw();
        for policy in [ANY, on(None, true), on(Some(1), false), on(Some(1), true)] {
            assert!(decode(&raw, &policy).is_ok(), "{kind:?} {policy:?}");
        }
        for policy in [on(Some(0), false), on(Some(2), true)] {
            assert_eq!(decode(&raw, &policy), Err(Reason::ChainId), "{kind:?} {policy:?}");
        }
    }
}

#[test]
fn the_last_nonce_is_refused() {
    assert_refused(F::Nonce, &integer(u64::MAX), Reason::NonceTooHigh);
    for kind in TransactionType::ALL {
        let transaction = Draft::new(kind).with(F::Nonce, integer(u64::MAX - 1)).decode().unwrap();
        assert_eq!(transaction.nonce, u64::MAX - 1);
    }
}

#[test]
fn the_priority_fee_is_at_most_the_maximum() {
    for kind in [TransactionType::DynamicFee, TransactionType::Blob, TransactionType::SetCode] {
        let fees = |priority, maximum| Draft::new(kind).with(F::PriorityFee, priority).with(F::MaximumFee, maximum).decode().err();
        for (priority, maximum) in [(integer(0), integer(0)), (integer(255), integer(256)), (integer_of_width(32), integer_of_width(32))] {
            assert_eq!(fees(priority, maximum), None, "{kind:?}");
        }
        for (priority, maximum) in [(integer(1), integer(0)), (integer(256), integer(255)), (integer_of_width(32), integer_of_width(31))] {
            assert_eq!(fees(priority, maximum), Some(Reason::PriorityFeeAboveMaximum), "{kind:?}");
        }
    }
}

#[test]
fn blob_hashes_are_there_and_of_version_1() {
    let version = |version: u8| string(&[&[version][..], &[7; 31]].concat());
    for hashes in [list(&[]), list(&[version(0)]), list(&[version(2)]), list(&[version(1), version(0)]), list(&[version(0), version(1)])] {
        assert_refused(F::BlobHashes, &hashes, Reason::BlobHashes);
    }
    for bytes in [31, 33] {
        assert_refused(F::BlobHashes, &list(&[blob_hash(), string(&vec![1; bytes])]), Reason::TransactionEncoding);
    }
}

#[test]
fn authorizations_are_there_and_within_their_widths() {
    assert_refused(F::Authorizations, &list(&[]), Reason::AuthorizationListEmpty);
    let changed = |place: usize, item: Vec<u8>| {
        let mut fields = authorization();
        fields[place] = item;
        list(&[list(&authorization()), list(&fields)])
    };
    let malformed = [
        changed(0, integer_of_width(33)),
        changed(1, string(&[])),
        changed(2, integer_of_width(9)),
        changed(3, integer(256)),
        changed(4, integer_of_width(33)),
        changed(5, integer_of_width(33)),
        changed(5, vec![0]),
        list(&[list(&authorization()[..5])]),
        list(&[list(&[&authorization()[..], &[integer(0)]].concat())]),
        list(&authorization()),
    ];
    for item in malformed {
        assert_refused(F::Authorizations, &item, Reason::TransactionEncoding);
    }
    // Signatures that no one can have made do not spoil the transaction.
    for item in [changed(0, integer_of_width(32)), changed(2, integer(u64::MAX)), changed(3, integer(255)), changed(4, integer(0))] {
        assert!(Draft::new(TransactionType::SetCode).with(F::Authorizations, item).decode().is_ok());
    }
}

/// Each fault is mended in turn; what is left always has the reason that comes first in [`Reason::ALL`].
#[test]
fn the_first_reason_is_the_one_given() {
    let of_another_chain = Policy { chain_id: Some(2), require_chain_id: true };
    for (kind, last) in [
        (TransactionType::Blob, (F::BlobHashes, list(&[]), Reason::BlobHashes)),
        (TransactionType::SetCode, (F::Authorizations, list(&[]), Reason::AuthorizationListEmpty)),
    ] {
        let faults = [
            (F::Value, vec![0], Reason::TransactionEncoding),
            (F::V, integer(2), Reason::SignatureV),
            (F::ChainId, integer(3), Reason::ChainId),
            (F::Nonce, integer(u64::MAX), Reason::NonceTooHigh),
            (F::PriorityFee, integer(u64::MAX), Reason::PriorityFeeAboveMaximum),
            (F::To, string(&[]), Reason::RecipientMissing),
            last,
        ];
        assert!(faults.is_sorted_by_key(|(_, _, reason)| *reason));
        for first in 0..faults.len() {
            let mut draft = Draft::new(kind).with(F::ChainId, integer(2));
            for (field, item, _) in &faults[first..] {
                draft = draft.with(*field, item.clone());
            }
            assert_eq!(decode(&draft.raw(), &of_another_chain), Err(faults[first].2));
        }
    }
}
