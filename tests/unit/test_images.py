"""Dockerfiles: bases that cannot change under us and have no known hole, and containers that are nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.service import nginx, orthanc

IMAGES = Path(nginx.TEMPLATE).parents[1]
PINNED = re.compile(r"(?P<image>[\w/]+):(?P<version>\d+(?:\.\d+)+)(?P<flavor>-\w+)?@sha256:[0-9a-f]{64}")
FLOORS = {
    "orthancteam/orthanc": (26, 8, 0),  # core 1.13.0: the last known holes were mended in it
    "nginx": (1, 30, 5),  # https://nginx.org/en/security_advisories.html; `resolve` needs 1.27.3
}
USERS = {"nginx": nginx.USER, "orthanc": orthanc.USER}


def problems(text: str, user: str) -> list[str]:
    """What is wrong with a Dockerfile."""
    found = []
    for base in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        match = PINNED.fullmatch(base)
        if match is None:
            found.append(f"{base}: name a version and its digest")
        elif tuple(map(int, match["version"].split("."))) < FLOORS[match["image"]]:
            found.append(f"{base}: older than {FLOORS[match['image']]}")
    users = re.findall(r"^USER (\S+)", text, re.MULTILINE)
    if users[-1:] != [user]:
        found.append(f"runs as {users[-1:]}, the task as {user}")
    found += [f"no {needed}" for needed in ("ENTRYPOINT [", "STOPSIGNAL ") if f"\n{needed}" not in text]
    return found


@pytest.fixture(params=sorted(USERS))
def image(request: pytest.FixtureRequest) -> str:
    return request.param


def text_of(image: str) -> str:
    return (IMAGES / image / "Dockerfile").read_text()


def test_a_dockerfile_keeps_the_rules(image: str):
    assert problems(text_of(image), USERS[image]) == []


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"@sha256:\w+", ""),
        (r"FROM (\S+):\S+@", r"FROM \1:latest@"),
        (r":\d+\.\d+", ":1.2"),
        (r"\nUSER .*", "\nUSER root"),
        (r"\nUSER .*", ""),
        (r"\nENTRYPOINT .*", ""),
        (r"\nSTOPSIGNAL .*", ""),
    ],
)
def test_a_dockerfile_that_breaks_a_rule_is_noticed(pattern: str, replacement: str, image: str):
    broken = re.sub(pattern, replacement, text_of(image))
    assert broken != text_of(image)
    assert problems(broken, USERS[image])


def test_every_copied_file_is_there_and_every_file_is_copied(image: str):
    copied = {name for line in re.findall(r"^COPY (.+)$", text_of(image), re.MULTILINE) for name in line.split()[1:-1]}
    present = {path.name for path in (IMAGES / image).iterdir()} - {"Dockerfile", "nginx.conf.j2"}
    assert copied == present
