"""What goes into a function's archive: its own modules, its libraries, and the authorities of the database."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

FUNCTIONS = Path(__file__).parent
AUTHORITIES = FUNCTIONS.parent / "images" / "orthanc" / "rds-global-bundle.pem"
BUNDLE = "rds-global-bundle.pem"

LIBRARIES = ("pg8000", "scramp", "asn1crypto", "python-dateutil", "six")
"""pg8000 and what it needs: pure Python, so one archive suits every architecture. boto3 is part of Lambda's runtime."""


def contents(function: str) -> dict[str, Path]:
    """Name in the archive to file, for the function whose package is `functions/<function>`."""
    own = {f"{function}/{path.name}": path for path in (FUNCTIONS / function).glob("*.py")}
    libraries = {name: path for library in LIBRARIES for name, path in _modules(library).items()}
    return dict(sorted({**own, **libraries, f"{function}/{BUNDLE}": AUTHORITIES}.items()))


def _modules(library: str) -> dict[str, Path]:
    """The modules of an installed library, and the metadata by which it finds its own version.

    PackageNotFoundError if it is not installed.
    """
    files = metadata.distribution(library).files or []
    return {file.as_posix(): Path(str(file.locate())) for file in files if _needed(file.name)}


def _needed(name: str) -> bool:
    return name.endswith(".py") or name == "METADATA"
