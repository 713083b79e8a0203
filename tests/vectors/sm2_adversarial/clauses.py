"""The clauses of the standards that decide cases, in the words of the set."""

from __future__ import annotations

PART1 = "GB/T 32918.1"
PART2 = "GB/T 32918.2"
# The clause that decides a case, unless the case names another.
CLAUSES: dict[str | None, str] = {
    None: f"{PART2} 7.1 B7: (e' + x1') mod n = r'",
    "encoding": "GB/T 35276 7.3: SEQUENCE { R INTEGER, S INTEGER } in DER",
    "r-out-of-range": f"{PART2} 7.1 B1: r' in [1, n-1]",
    "s-out-of-range": f"{PART2} 7.1 B2: s' in [1, n-1]",
    "key-malformed": f"{PART1} 4.2.10: byte string to point",
    "key-not-on-curve": f"{PART1} 6.2.1 c): y^2 = x^3 + ax + b",
    "key-is-identity": f"{PART1} 6.2.1 a): P is not O",
    "r-plus-s-is-zero": f"{PART2} 7.1 B5: t = (r' + s') mod n is not 0",
    "r-is-identity": f"{PART2} 7.1 B6: (x1', y1') = [s']G + [t]P_A; O has no x1'",
    "equation": f"{PART2} 7.1 B7: (e' + x1') mod n = r'",
}
RAW_CLAUSE = f"{PART1} 4.2.2: r and s as byte strings of 32 bytes each"
DER_LENGTH_CLAUSE = "X.690 10.1: definite length in the fewest octets"
DER_INTEGER_CLAUSE = "X.690 8.3.2: INTEGER in the fewest octets"
Z_CLAUSE = f"{PART2} 5.5: Z_A = H256(ENTL_A || ID_A || a || b || x_G || y_G || x_A || y_A)"
FIELD_CLAUSE = f"{PART1} 4.2.7: byte string to field element, in [0, p-1]"
HYBRID_CLAUSE = f"{PART1} 4.1 makes the hybrid form 06/07 optional; the engine does not take it"
E_CLAUSE = f"{PART2} 7.1 B4: e' = H_v(Z_A || M')"
