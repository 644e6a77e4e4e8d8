"""The stacks that workflows go through are the stack files: `python -m ops.review.stacks >> "$GITHUB_OUTPUT"`.

Standard library only, as in `ops.review.github`. Stacks with synthetic data are listed apart, because a deployment goes
to them first and to those with patients' data afterwards.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from ops.stacks import PROJECT, stack_file, stack_names

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
SYNTHETIC = re.compile(r"""^\s+(?:data:|.*[{,]\s*data:)\s*["']?synthetic\b""", re.MULTILINE)
"""In the group `study`; whatever does not say so has patients' data, which is the default."""


class StackNameError(ValueError):
    """A name that is not a stack's, or must not be."""


def names(folder: Path = PROJECT) -> list[str]:
    """Names of the stacks. StackNameError for one that could be read as something else in a script or a URL."""
    found = stack_names(folder)
    if wrong := [name for name in found if not NAME.fullmatch(name)]:
        raise StackNameError(
            f"Pulumi.{wrong[0]}.yaml: name a stack with up to 31 lowercase letters, digits and hyphens, a letter first"
        )
    return found


def outputs(folder: Path = PROJECT, only: str = "") -> dict[str, list[str]]:
    """All names, and of them those with synthetic and those with patients' data. StackNameError if `only` is none."""
    found = names(folder)
    if only and only not in found:
        raise StackNameError(
            f"there is no stack {only!r}: Pulumi.{only}.yaml is missing. There are: {', '.join(found)}"
        )
    texts = {name: stack_file(name, folder).read_text(encoding="utf-8") for name in found}
    synthetic = [name for name, text in texts.items() if SYNTHETIC.search(text)]
    return {"names": found, "synthetic": synthetic, "patients": [name for name in found if name not in synthetic]}


def main(arguments: list[str] | None = None) -> int:
    """The command line: one line an output, as GitHub reads it."""
    parser = argparse.ArgumentParser(prog="python -m ops.review.stacks", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a name that must be one of them")
    try:
        found = outputs(only=parser.parse_args(arguments).only)
    except StackNameError as error:
        sys.stderr.write(f"::error::{error}\n")
        return 1
    sys.stdout.write("".join(f"{key}={json.dumps(value)}\n" for key, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
