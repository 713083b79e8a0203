"""Files that are checked in and made by a script beside them."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def write_or_check(output: Path, document: dict, arguments: list[str]) -> int:
    """Writes the document as JSON, or, with --check, tells whether that is what stands in the file. The exit status."""
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if arguments == ["--check"]:
        if output.read_text() == text:
            return 0
        print(f"{output.name} is not what {Path(sys.argv[0]).name} makes: run it without --check", file=sys.stderr)
        return 1
    output.write_text(text)
    return 0
