"""DER, as far as a signature needs it: SEQUENCE { INTEGER, INTEGER }.

The writers stand apart from each other, so that the families can put a signature together
again with one piece changed. The reader is strict, and takes whatever range r and s have:
-1 and 2^256 are good INTEGERs.
"""

from __future__ import annotations


def der_length(n: int) -> bytes:
    """The minimal definite length, X.690 10.1."""
    if n < 0x80:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag: int, content: bytes) -> bytes:
    """One DER element with a tag of one byte."""
    return bytes([tag]) + der_length(len(content)) + content


def int_content(v: int) -> bytes:
    """Content of the minimal two's-complement INTEGER, X.690 8.3.2; v may be negative."""
    magnitude_bits = (v if v >= 0 else ~v).bit_length()
    return v.to_bytes(magnitude_bits // 8 + 1, "big", signed=True)


def der_int(v: int) -> bytes:
    """INTEGER v."""
    return tlv(0x02, int_content(v))


def seq(content: bytes) -> bytes:
    """SEQUENCE of the given content."""
    return tlv(0x30, content)


def der_signature(r: int, s: int) -> bytes:
    """SM2Signature ::= SEQUENCE { R INTEGER, S INTEGER }, GB/T 35276 7.3."""
    return seq(der_int(r) + der_int(s))


def read_tlv(tag: int, data: bytes) -> tuple[bytes, bytes]:
    """Split strict DER `data` into the content of its first element and the rest."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError("not strict DER")
    size, start = data[1], 2
    if size & 0x80:
        octets = size & 0x7F
        size, start = int.from_bytes(data[2 : 2 + octets], "big"), 2 + octets
        if len(data) < start or data[1:start] != der_length(size):
            raise ValueError("not strict DER")
    if len(data) < start + size:
        raise ValueError("not strict DER")
    return data[start : start + size], data[start + size :]


def read_int(data: bytes) -> tuple[int, bytes]:
    """Read one strict DER INTEGER of any range."""
    content, rest = read_tlv(0x02, data)
    value = int.from_bytes(content, "big", signed=True)
    if content != int_content(value):
        raise ValueError("not strict DER")
    return value, rest


def read_der_signature(sig: bytes) -> tuple[int, int]:
    """(r, s) of one SM2Signature with nothing left over, else ValueError."""
    content, rest = read_tlv(0x30, sig)
    r, after_r = read_int(content)
    s, after_s = read_int(after_r)
    if rest or after_s:
        raise ValueError("bytes left over")
    return r, s
