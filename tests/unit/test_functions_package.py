"""The archive of each function holds all that it imports, and nothing that differs from build to build."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from functions import package
from functions.package import AUTHORITIES, contents
from ops.plan import configuration
from ops.plan.configuration import stacks

EACH = pytest.mark.parametrize(
    ("function", "missing"), [("rotation", "DATABASE_HOST"), ("index_export", "ARCHIVE_BUCKET")]
)


@EACH
def test_the_function_starts_from_its_archive_alone(tmp_path: Path, function: str, missing: str):
    archive, runtime = tmp_path / "archive", tmp_path / "runtime"
    for name, source in contents(function).items():
        target = archive / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    runtime.mkdir()
    (runtime / "boto3.py").write_text("client = str\n")  # Lambda's runtime brings the real one
    code = f"import sys; sys.path[:0] = [{str(archive)!r}, {str(runtime)!r}]; import {function}.handler as h; h.handler({{}}, None)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert f"KeyError: '{missing}'" in done.stderr, done.stderr


@pytest.mark.parametrize("function", ["rotation", "index_export"])
def test_the_archive_holds_modules_authorities_and_versions_alone(function: str):
    assert {Path(name).suffix for name in contents(function)} == {".py", ".pem", ""}
    assert {Path(name).name for name in contents(function) if not Path(name).suffix} == {"METADATA"}
    assert list(contents(function)) == sorted(contents(function))


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(package, "LIBRARIES", ("no-such-library",))
    with pytest.raises(ModuleNotFoundError, match="no-such-library"):
        contents("rotation")


@pytest.mark.parametrize("stack", stacks())
def test_the_authorities_vouch_for_the_database_of_every_stack(stack: str):
    region = configuration(stack)["image-store:account"]["region"]
    names = [
        certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        for certificate in x509.load_pem_x509_certificates(AUTHORITIES.read_bytes())
    ]
    assert f"Amazon RDS {region} Root CA RSA2048 G1" in names
