"""The set as a file: Wycheproof's form for ECDSA, with what README.md adds to it."""

from __future__ import annotations

import json
from itertools import count

from differences import DIFFERENCES
from families import FAMILIES
from flags import NOTES
from suite import Case, GroupKey, Suite


def test_json(tc_id: int, case: Case) -> dict[str, object]:
    """One test as Wycheproof writes it, with the reason and the clause added."""
    test: dict[str, object] = {
        "tcId": tc_id,
        "comment": case.comment,
        "flags": case.flags,
        "msg": case.msg.hex(),
        "sig": case.sig.hex(),
        "result": "valid" if case.reason is None else "invalid",
        "reason": case.reason,
        "clause": case.clause,
    }
    if case.disagrees:
        test["disagrees"] = [d._asdict() for d in case.disagrees]
    return test


def group_json(group: GroupKey, tests: list[dict[str, object]]) -> dict[str, object]:
    """One test group."""
    head: dict[str, object] = {
        "type": "Sm2Verify",
        "encoding": group.encoding,
        "input": group.kind,
        "publicKey": {
            "type": "EcPublicKey",
            "curve": "sm2p256v1",
            "keySize": 256,
            "uncompressed": group.key.hex(),
        },
        "sha": "SM3",
    }
    if group.kind == "message":
        head["id"] = group.ident.hex()
    return head | {"tests": tests}


def build() -> Suite:
    """All cases."""
    suite = Suite()
    for family in FAMILIES:
        family(suite)
    for disagreement, comments in DIFFERENCES.items():
        for comment in comments.strip().splitlines():
            case = suite.by_comment[comment]
            assert disagreement.accepts == (case.reason is not None), comment
            case.disagrees.append(disagreement)
    return suite


def render(suite: Suite) -> str:
    """The file as text."""
    tc_id = count(1)
    groups = [
        group_json(group, [test_json(next(tc_id), case) for case in cases])
        for group, cases in suite.groups.items()
    ]
    used = {flag for case in suite.by_comment.values() for flag in case.flags}
    assert used == set(NOTES), used ^ set(NOTES)
    document = {
        "algorithm": "SM2",
        "schema": "chainbox_sm2_verify_v1",
        "numberOfTests": len(suite.by_comment),
        "header": [
            "Hostile inputs for SM2 signature verification on sm2p256v1 with SM3.",
            "Made by sm2_adversarial/; the form is described in README.md beside it.",
        ],
        "notes": {
            name: {"bugType": n.bug_type, "description": n.description, "clause": n.clause}
            for name, n in sorted(NOTES.items())
        },
        "testGroups": groups,
    }
    return json.dumps(document, indent=2) + "\n"
