"""Makes sm2_adversarial.json: hostile inputs for SM2 signature verification.

Wycheproof has no file for SM2; this is one in its form. README.md beside the JSON describes
the form, the flags and how other libraries were compared. From the repository root:

    python3 tests/vectors/sm2_adversarial           writes tests/vectors/sm2_adversarial.json
    python3 tests/vectors/sm2_adversarial --check   exits 1 if that file is not what would be
                                                    written, or if README.md lacks a flag

Any other folder will do as well. The way through the modules: sm3, curve, der and octets are
the arithmetic; verifier gives the reference verdict; construct makes items; clauses, flags and
suite are the model of a case; families holds the cases; differences and document add what other
libraries do and write it all down. They import each other by these plain names because Python
puts the folder that it runs on its path.
"""

from __future__ import annotations

import sys
from pathlib import Path

from document import build, render
from flags import NOTES
from known_answers import self_test

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.with_suffix(".json")
README = HERE.with_name("README.md")


def drift(text: str) -> list[str]:
    """What is not as it should be: the file that was written, and the flags in the README."""
    faults = []
    if not OUTPUT.exists() or OUTPUT.read_text(encoding="ascii") != text:
        faults.append(f"{OUTPUT.name} is not what {HERE.name}/ makes; run it")
    described = README.read_text(encoding="utf-8")
    faults += [
        f"{README.name} has no flag {flag}" for flag in NOTES if f"`{flag}`" not in described
    ]
    return faults


def main(arguments: list[str]) -> int:
    """Write the file, or compare it."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if not __debug__:
        print("run without -O: the checks of this generator are assertions", file=sys.stderr)
        return 2
    self_test()
    suite = build()
    text = render(suite)
    if not arguments:
        OUTPUT.write_text(text, encoding="ascii")
        print(f"{OUTPUT.name}: {len(suite.by_comment)} cases in {len(suite.groups)} groups")
        return 0
    faults = drift(text)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
