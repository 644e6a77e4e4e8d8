"""`python -m rehearsal.cloud <aws|awsx|random|tls>` serves a plugin; `tables` derives them, `list` shows a cloud."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path


def plugin(package: str) -> None:
    """Serves the provider of `package`. Only what it needs is imported: the engine waits for every plugin's start."""
    if package == "aws":
        from rehearsal.cloud.aws import Aws as Provider  # noqa: PLC0415
    elif package == "tls":
        from rehearsal.cloud.certificates import Tls as Provider  # noqa: PLC0415
    elif package == "random":
        from rehearsal.cloud.randomness import Random as Provider  # noqa: PLC0415
    else:
        from rehearsal.cloud.components import serve_components  # noqa: PLC0415

        serve_components()
        return
    from rehearsal.cloud.provider import serve  # noqa: PLC0415

    serve(Provider())


def show(folder: Path, *, as_json: bool) -> None:
    """Lists what exists in the cloud at `folder`."""
    from rehearsal.cloud.folder import Cloud  # noqa: PLC0415

    found = [
        {"type": one.type, "name": one.name, "id": one.id, "urn": one.urn}
        for one in sorted(Cloud(folder), key=lambda one: (one.type, one.name))
    ]
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.writelines(f"{one['type']:60} {one['name']:40} {one['id']}\n" for one in found)


def main() -> None:
    """Command line."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in {"aws", "awsx", "random", "tls"}:
        plugin(command)
        return
    parser = argparse.ArgumentParser(prog="python -m rehearsal.cloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("tables", help="derive the tables from the SDK and the CloudFormation schemas")
    listing = commands.add_parser("list", help="show what exists in a simulated cloud")
    listing.add_argument("--cloud", type=Path, default=os.environ.get("IMAGE_STORE_CLOUD", ".rehearsal/cloud"))
    listing.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.command == "tables":
        from rehearsal.cloud.tables import build  # noqa: PLC0415

        build()
    else:
        show(arguments.cloud, as_json=arguments.json)


main()
