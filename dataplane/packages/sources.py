"""Debian mirrors from the machine's own apt sources. https://manpages.debian.org/bookworm/apt/sources.list.5.en.html"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER_VARIABLE = "DEBIAN_APT_FOLDER"
"""Environment variable: a folder with Debian's sources, for a machine whose own /etc/apt is not Debian's."""

ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>.*)")
RELEASE = re.compile(r"[a-z]+")
SECURITY = re.compile(r"[a-z]+(-security|/updates)")
ARCHIVE_KEYRING = "debian-archive-"
FALSE = frozenset({"no", "false", "without", "off", "disable", "0"})


class PackagesError(RuntimeError):
    """Packages cannot be downloaded or unpacked."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One suite of binary packages at one address. `signed_by` is empty if the entry does not limit the keys."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""

    @property
    def is_debian(self) -> bool:
        """Whether this is a mirror of Debian itself, and not another vendor's repository."""
        if "main" not in self.components or self.uri.startswith("cdrom:"):
            return False
        return ARCHIVE_KEYRING in self.signed_by if self.signed_by else "debian" in self.uri


def apt_folder() -> Path:
    """The folder of the apt sources that are read."""
    return Path(os.environ.get(FOLDER_VARIABLE, "/etc/apt"))


def read_sources(folder: Path) -> list[Source]:
    """The enabled sources of `sources.list` and `sources.list.d`, in apt's order."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    parsers = {".list": parse_one_line, ".sources": parse_deb822}
    return [
        source
        for file in files
        if file.suffix in parsers and file.is_file()
        for source in parsers[file.suffix](file.read_text(encoding="utf-8"))
    ]


def parse_one_line(text: str) -> list[Source]:
    """Sources of a `.list` file: `deb [options] uri suite components`."""
    lines = (ONE_LINE.fullmatch(line.partition("#")[0].strip()) for line in text.splitlines())
    return [
        Source(
            uri=line["uri"],
            suite=line["suite"],
            components=tuple(line["components"].split()),
            signed_by=_option(line["options"] or "", "signed-by"),
        )
        for line in lines
        if line
    ]


def parse_deb822(text: str) -> list[Source]:
    """Sources of a `.sources` file: stanzas of fields; each has one or more addresses and suites."""
    return [
        Source(uri=uri, suite=suite, components=tuple(fields.get("components", "").split()), signed_by=_key(fields))
        for fields in _stanzas(text)
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in FALSE
        for uri in fields.get("uris", "").split()
        for suite in fields.get("suites", "").split()
    ]


def sources_list(sources: Iterable[Source], suite: str, keyring: Path) -> str:
    """A `sources.list` of `suite` with its updates and security updates, at the mirrors that `sources` name.

    PackagesError if `sources` name no mirror of Debian.
    """
    debian = [source for source in sources if source.is_debian]
    mirrors = _addresses(source for source in debian if RELEASE.fullmatch(source.suite))
    if not mirrors:
        raise PackagesError(
            f"{apt_folder()} names no Debian mirror: add one to its sources.list.d, "
            f"or set {FOLDER_VARIABLE} to a folder with a sources.list that does"
        )
    security = _addresses(source for source in debian if SECURITY.fullmatch(source.suite))
    lines = [(uri, f"{suite}{part}") for uri in mirrors for part in ("", "-updates")]
    lines += [(uri, f"{suite}-security") for uri in security]
    return "".join(f"deb [signed-by={keyring}] {uri} {name} main\n" for uri, name in lines)


def _addresses(sources: Iterable[Source]) -> Sequence[str]:
    return list(dict.fromkeys(source.uri for source in sources))


def _option(options: str, name: str) -> str:
    found = (option.partition("=") for option in options.split())
    return next((value for key, _, value in found if key.lower() == name), "")


def _key(fields: dict[str, str]) -> str:
    return fields.get("signed-by", "").strip()


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Fields of each stanza by lower-case name; a line that begins with white space continues the field above it."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, str] = {}
        name = ""
        for line in filter(str.strip, stanza.splitlines()):
            if line[0].isspace() and name:
                fields[name] += f"\n{line.strip()}"
            else:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        yield fields
