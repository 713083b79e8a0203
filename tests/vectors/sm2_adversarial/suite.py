"""The cases, the groups that they form, and the rules that each must keep.

A rule that is broken stops the generator: a set with one wrong verdict would do more harm
than one without the case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from clauses import CLAUSES, RAW_CLAUSE
from construct import Solved
from curve import Point
from flags import NOTES
from octets import WRITE, b32, sec1
from verifier import DEFAULT_ID, verify


class Disagreement(NamedTuple):
    """What another library does with a case where its answer is not the expected one."""

    library: str
    accepts: bool
    why: str


@dataclass
class Case:
    """One item of the set."""

    comment: str
    flags: list[str]
    msg: bytes
    sig: bytes
    reason: str | None
    clause: str
    disagrees: list[Disagreement] = field(default_factory=list)


class GroupKey(NamedTuple):
    """What the cases of one test group share."""

    key: bytes
    encoding: str
    kind: str
    ident: bytes


# A point stands for its uncompressed form.
Key = bytes | Point


def key_bytes(key: Key) -> bytes:
    """The key as the item gives it."""
    return key if isinstance(key, bytes) else sec1(key)


def digest_group(key: Key, encoding: str = "raw") -> GroupKey:
    """The group whose `msg` is e itself."""
    return GroupKey(key_bytes(key), encoding, "digest", b"")


def message_group(key: Key, encoding: str = "raw", ident: bytes = DEFAULT_ID) -> GroupKey:
    """The group whose `msg` is the message."""
    return GroupKey(key_bytes(key), encoding, "message", ident)


class Suite:
    """Collects cases, checks each against `verify`, and keeps them in groups."""

    def __init__(self) -> None:
        self.groups: dict[GroupKey, list[Case]] = {}
        self.by_comment: dict[str, Case] = {}
        self.items: set[tuple[GroupKey, bytes, bytes]] = set()

    def put(
        self,
        group: GroupKey,
        comment: str,
        flags: str,
        msg: bytes,
        sig: bytes,
        reason: str | None = None,
        clause: str | None = None,
    ) -> None:
        """Add a case. `flags` are names separated by spaces."""
        got = verify(group.encoding, group.kind, group.key, group.ident, msg, sig)
        assert got == reason, f"{comment}: built as {reason}, verified as {got}"
        assert comment not in self.by_comment, f"two cases are called {comment!r}"
        assert (group, msg, sig) not in self.items, f"{comment}: the same item as another"
        assert all(f in NOTES for f in flags.split()), f"{comment}: unknown flag in {flags}"
        usual = RAW_CLAUSE if (reason, group.encoding) == ("encoding", "raw") else CLAUSES[reason]
        case = Case(comment, flags.split(), msg, sig, reason, clause or usual)
        self.groups.setdefault(group, []).append(case)
        self.by_comment[comment] = case
        self.items.add((group, msg, sig))

    def e(
        self,
        key: Key,
        comment: str,
        flags: str,
        item: Solved,
        reason: str | None = None,
        clause: str | None = None,
        encoding: str = "raw",
    ) -> None:
        """Add a case whose input is e itself."""
        sig = WRITE[encoding](item.r, item.s)
        self.put(digest_group(key, encoding), comment, flags, b32(item.e), sig, reason, clause)

    def m(
        self,
        key: Key,
        comment: str,
        flags: str,
        msg: bytes,
        rs: tuple[int, int],
        reason: str | None = None,
        clause: str | None = None,
        ident: bytes = DEFAULT_ID,
        encoding: str = "raw",
    ) -> None:
        """Add a case whose input is a message."""
        group = message_group(key, encoding, ident)
        self.put(group, comment, flags, msg, WRITE[encoding](*rs), reason, clause)
