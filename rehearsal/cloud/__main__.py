"""`python -m rehearsal.cloud list` shows which resources exist in a simulated cloud."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from rehearsal.cloud.resources import Cloud


def show(folder: Path, *, as_json: bool) -> None:
    """Print the resources of the cloud in `folder`."""
    found = [
        {"type": one.type, "name": one.name, "id": one.id, "urn": one.urn}
        for one in sorted(Cloud(folder), key=lambda one: (one.type, one.name))
    ]
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.writelines(f"{one['type']:60} {one['name']:40} {one['id']}\n" for one in found)


def main() -> None:
    """Read the command line and run the command."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.cloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="show which resources exist in a simulated cloud")
    listing.add_argument("--cloud", type=Path, default=os.environ.get("IMAGE_STORE_CLOUD", ".rehearsal/cloud"))
    listing.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    show(arguments.cloud, as_json=arguments.json)


main()
