//! What the sender signed, put together from the bytes of the raw transaction.

use super::envelope::TransactionType;
use crate::transaction::rlp::{append_list_header, append_u64};

/// The most bytes that stand around the signed fields: type byte, list header, and the chain id with two zeros after them.
const FRAME_BYTES_MAX: usize = 1 + 9 + 9 + 2;

/// The bytes whose Keccak-256 the sender signed.
///
/// `signed` is the encoding of every field before the signature. It is framed anew, not encoded anew: canonical bytes have no other encoding.
/// A legacy transaction for a chain has the chain id and two zeros after its fields (EIP-155); a typed one has its type byte before the list.
pub(super) fn payload(kind: TransactionType, signed: &[u8], chain_id: Option<u64>) -> Vec<u8> {
    let mut tail = Vec::new();
    if let (TransactionType::Legacy, Some(chain_id)) = (kind, chain_id) {
        append_u64(&mut tail, chain_id);
        append_u64(&mut tail, 0);
        append_u64(&mut tail, 0);
    }
    let mut payload = Vec::with_capacity(FRAME_BYTES_MAX + signed.len());
    if kind.is_typed() {
        payload.push(kind as u8);
    }
    append_list_header(&mut payload, signed.len() + tail.len());
    payload.extend_from_slice(signed);
    payload.extend_from_slice(&tail);
    payload
}
