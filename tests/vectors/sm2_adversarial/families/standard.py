"""The worked example of the standard: the one item that every engine has seen."""

from __future__ import annotations

from clauses import E_CLAUSE, Z_CLAUSE
from construct import Solved
from curve import neg
from known_answers import STANDARD, STANDARD_MSG, STANDARD_RS
from octets import sec1_compressed
from suite import Suite
from verifier import DEFAULT_ID, digest


def standard_example(suite: Suite) -> None:
    """The worked example of GB/T 32918.5 in every form that an item can take."""
    q, msg, rs, flag = STANDARD.q, STANDARD_MSG, STANDARD_RS, "StandardExample"
    item = Solved(*rs, digest(DEFAULT_ID, q, msg))
    suite.m(q, "worked example of GB/T 32918.5", flag, msg, rs)
    suite.m(q, "worked example, DER", flag, msg, rs, encoding="der")
    suite.m(sec1_compressed(q), "worked example, compressed key", flag, msg, rs)
    suite.e(q, "worked example, e given", flag, item)
    suite.e(q, "worked example, e given, DER", flag, item, encoding="der")
    suite.m(q, "worked example, other message", flag, b"message digesT", rs, "equation", E_CLAUSE)
    suite.m(neg(q), "worked example, key negated", flag, msg, rs, "equation")
    suite.m(q, "worked example, empty id", flag, msg, rs, "equation", Z_CLAUSE, ident=b"")
