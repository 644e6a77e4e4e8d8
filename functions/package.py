"""Contents of a function's archive: its modules, the shared ones, libraries, and the database's trusted authorities."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

FUNCTIONS = Path(__file__).parent
AUTHORITIES = FUNCTIONS.parent / "images" / "orthanc" / "rds-global-bundle.pem"
BUNDLE = "rds-global-bundle.pem"
SHARED = ("__init__.py", "database.py")
"""Modules of `functions` itself, under the same name in the archive: handlers import `functions.database`."""

LIBRARIES = ("pg8000", "scramp", "asn1crypto", "python-dateutil", "six")
"""pg8000 and its dependencies: pure Python, so one archive fits every architecture. Lambda's runtime includes boto3."""


def contents(function: str) -> dict[str, Path]:
    """Files of the archive by name, for the function in the package `functions/<function>`."""
    own = {f"{function}/{path.name}": path for path in (FUNCTIONS / function).glob("*.py")}
    shared = {f"{FUNCTIONS.name}/{name}": FUNCTIONS / name for name in SHARED}
    libraries = {name: path for library in LIBRARIES for name, path in _modules(library).items()}
    return dict(sorted({**own, **shared, **libraries, f"{function}/{BUNDLE}": AUTHORITIES}.items()))


def _modules(library: str) -> dict[str, Path]:
    """Modules of an installed library, and the metadata from which it reads its own version.

    PackageNotFoundError if it is not installed.
    """
    files = metadata.distribution(library).files or []
    return {file.as_posix(): Path(str(file.locate())) for file in files if _is_needed(file.name)}


def _is_needed(name: str) -> bool:
    return name.endswith(".py") or name == "METADATA"
