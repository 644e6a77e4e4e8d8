"""Debian mirrors are read from the machine's apt sources, in both formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataplane.packages.sources import (
    FOLDER_VARIABLE,
    PackagesError,
    Source,
    apt_folder,
    parse_deb822,
    parse_one_line,
    read_sources,
    sources_list,
)

KEYRING = Path("/keys/debian.gpg")
ONE_LINE = """
# deb https://disabled.example/debian bookworm main
deb https://mirror.example/debian bookworm main contrib  # a comment
deb https://mirror.example/debian bookworm-updates main
deb-src https://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://mirror.example/security bookworm-security main
deb [signed-by=/keys/vendor.gpg] https://vendor.example/debian bookworm main
"""
DEB822 = """\
# A comment
Types: deb deb-src
URIs: https://mirror.example/debian
  https://second.example/debian
Suites: bookworm bookworm-updates
# A comment within a stanza
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://mirror.example/debian-security
suites: bookworm-security
Components: main
\t
Types: deb
URIs: https://disabled.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: https://source.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://vendor.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
"""


def suites(sources: list[Source]) -> list[tuple[str, str]]:
    return [(source.uri, source.suite) for source in sources]


def test_one_line_entries_are_parsed():
    assert suites(parse_one_line(ONE_LINE)) == [
        ("https://mirror.example/debian", "bookworm"),
        ("https://mirror.example/debian", "bookworm-updates"),
        ("https://mirror.example/security", "bookworm-security"),
        ("https://vendor.example/debian", "bookworm"),
    ]
    assert parse_one_line(ONE_LINE)[0].components == ("main", "contrib")
    assert parse_one_line(ONE_LINE)[2].signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg"


def test_stanzas_are_parsed():
    assert suites(parse_deb822(DEB822)) == [
        ("https://mirror.example/debian", "bookworm"),
        ("https://mirror.example/debian", "bookworm-updates"),
        ("https://second.example/debian", "bookworm"),
        ("https://second.example/debian", "bookworm-updates"),
        ("https://mirror.example/debian-security", "bookworm-security"),
        ("https://vendor.example/debian", "bookworm"),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "nonsense\n", "Types: deb\n", "deb\n"])
@pytest.mark.parametrize("parse", [parse_one_line, parse_deb822])
def test_a_file_without_entries_has_no_sources(parse, text: str):
    assert parse(text) == []


@pytest.mark.parametrize("value", ["no", "No", "false", "0", "off"])
def test_a_disabled_stanza_is_skipped(value: str):
    assert parse_deb822(f"Types: deb\nURIs: https://m.example/debian\nSuites: sid\nEnabled: {value}\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "deb [signed-by=/keys/vendor.gpg] https://vendor.example/debian bookworm main",
        "deb https://vendor.example/apt bookworm main",
        "deb https://vendor.example/linux/debian bookworm stable",
        "deb cdrom:[Debian]/ bookworm main",
        "deb cdrom:debian bookworm main",
    ],
)
def test_repositories_of_others_are_no_debian_mirrors(line: str):
    assert [source for source in parse_one_line(line) if source.is_debian] == []


@pytest.mark.parametrize(("parse", "text"), [(parse_one_line, ONE_LINE), (parse_deb822, DEB822)])
def test_only_the_suites_of_the_wanted_release_are_used(parse, text: str):
    lines = sources_list(parse(text), "trixie", KEYRING).splitlines()
    assert f"deb [signed-by={KEYRING}] https://mirror.example/debian trixie main" in lines
    assert f"deb [signed-by={KEYRING}] https://mirror.example/debian trixie-updates main" in lines
    assert [line for line in lines if "security" in line] == [lines[-1]]
    assert lines[-1].endswith(" trixie-security main")
    assert not any("vendor" in line or "disabled" in line or "bookworm" in line for line in lines)


def test_sources_without_a_key_and_old_security_suites_are_accepted():
    text = "deb https://m.example/debian stable main\ndeb https://m.example/debian-security bullseye/updates main\n"
    lines = sources_list(parse_one_line(text), "bookworm", KEYRING).splitlines()
    assert [line.split()[2:4] for line in lines] == [
        ["https://m.example/debian", "bookworm"],
        ["https://m.example/debian", "bookworm-updates"],
        ["https://m.example/debian-security", "bookworm-security"],
    ]


def test_files_of_both_formats_are_read_in_order(tmp_path: Path):
    (tmp_path / "sources.list").write_text("deb https://first.example/debian bookworm main\n")
    (folder := tmp_path / "sources.list.d").mkdir()
    (folder / "b.sources").write_text("Types: deb\nURIs: https://third.example/debian\nSuites: sid\nComponents: main\n")
    (folder / "a.list").write_text("deb https://second.example/debian bookworm main\n")
    (folder / "c.list.save").write_text("deb https://ignored.example/debian bookworm main\n")
    assert [source.uri.split(".")[0] for source in read_sources(tmp_path)] == [
        "https://first",
        "https://second",
        "https://third",
    ]


def test_a_machine_without_a_debian_mirror_gets_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert apt_folder() == tmp_path
    assert read_sources(tmp_path) == []
    with pytest.raises(PackagesError, match=rf"{tmp_path} names no Debian mirror.*{FOLDER_VARIABLE}"):
        sources_list(read_sources(apt_folder()), "bookworm", KEYRING)
