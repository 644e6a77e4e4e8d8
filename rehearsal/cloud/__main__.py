"""`python -m rehearsal.cloud list` shows which resources exist in a simulated cloud; `maintain` upgrades databases."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from rehearsal.cloud.maintenance import upgrade_minor_versions
from rehearsal.cloud.resources import Cloud
from rehearsal.cloud.rules.databases import VERSION


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


def maintain(folder: Path) -> None:
    """Upgrade minor versions as RDS does in a maintenance window, and print them."""
    for cluster in upgrade_minor_versions(Cloud(folder)):
        sys.stdout.write(f"{cluster.id} {cluster.outputs[VERSION]}\n")


def main() -> None:
    """Read the command line and run the command."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.cloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="show which resources exist in a simulated cloud")
    listing.add_argument("--json", action="store_true")
    maintaining = commands.add_parser("maintain", help="upgrade the minor versions of databases, as RDS does by itself")
    for command in (listing, maintaining):
        command.add_argument("--cloud", type=Path, default=os.environ.get("IMAGE_STORE_CLOUD", ".rehearsal/cloud"))
    arguments = parser.parse_args()
    if arguments.command == "maintain":
        maintain(arguments.cloud)
    else:
        show(arguments.cloud, as_json=arguments.json)


main()
