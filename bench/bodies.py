"""STOW-RS bodies of synthetic DICOM on disk, whose identifiers can be replaced without parsing DICOM again.

Identifiers of a level have the same length: a prefix, the run, the group (a study with its one series and patient) and,
for an instance, its position in the series. `load.js` writes them as `patch_identifiers` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from pydicom.uid import UID, generate_uid

from dataplane.clients.dicomweb import multipart
from dataplane.samples import studies
from dataplane.samples.studies import Instance

ROOT = "1.2.826.0.1.3680043.8.498."
BOUNDARY = "image-store-bench-3f0c5a"
RUN, GROUP, INDEX = 12, 10, 6
"""Number of digits of each part of an identifier."""

LEVELS = {"patient": "BENCH", "study": f"{ROOT}1", "series": f"{ROOT}2", "instance": f"{ROOT}3"}
BLANK_RUN, BLANK_GROUP = "9" * RUN, "8" * GROUP
DATE = "19010203"
FIRST_DAY = date(2025, 1, 1)
DAYS = 365
SLICE_SIZE = 512  # pixels a side: 525 kB
THUMBNAIL_SIZE = 64  # 9 kB
FRAMES = 32
GROUP_LIMIT = 100
"""Maximum number of instances in a series; a client then begins the next study."""


def identifier(level: str, run: str, group: int, index: int = 0) -> str:
    """The identifier of a level, in the form that bodies contain."""
    tail = f"{index:0{INDEX}d}" if level == "instance" else ""
    return f"{LEVELS[level]}{run}{group:0{GROUP}d}{tail}"


def day(group: int) -> date:
    """The date of a study: studies of one fill are spread over a year."""
    return FIRST_DAY + timedelta(days=group % DAYS)


@dataclass(frozen=True, kw_only=True)
class Body:
    """A request body on disk. `offsets` are pairs by level: the offset of an identifier and its part of the body."""

    name: str
    file: str
    parts: int
    payload: int  # bytes of DICOM
    offsets: Mapping[str, Sequence[tuple[int, int]]]

    def to_json(self) -> dict[str, object]:
        """The fields that `load.js` reads."""
        return asdict(self) | {"boundary": BOUNDARY, "levels": LEVELS}


def patch_identifiers(body: Body, run: str, group: int, first: int = 0) -> bytes:
    """The body with new identifiers: instances of the group's series from number `first` on."""
    data = bytearray(Path(body.file).read_bytes())
    for level, offsets in body.offsets.items():
        for offset, part in offsets:
            text = f"{day(group):%Y%m%d}" if level == "date" else identifier(level, run, group, first + part)
            data[offset : offset + len(text)] = text.encode()
    return bytes(data)


def write(folder: Path, name: str, instances: Sequence[Instance]) -> Body:
    """Writes a body of `instances`, and records the offsets of its identifiers."""
    labelled = [_label(one, part) for part, one in enumerate(instances)]
    data = b"".join(multipart(labelled, BOUNDARY))
    found: dict[str, list[tuple[int, int]]] = {
        level: [(offset, 0) for offset in _offsets(data, identifier(level, BLANK_RUN, int(BLANK_GROUP)))]
        for level in ("patient", "study", "series")
    }
    found["instance"] = [
        (offset, part)
        for part in range(len(instances))
        for offset in _offsets(data, identifier("instance", BLANK_RUN, int(BLANK_GROUP), part))
    ]
    found["date"] = [(offset, 0) for offset in _offsets(data, DATE)]
    file = folder / f"{name}.body"
    file.write_bytes(data)
    return Body(
        name=name, file=str(file), parts=len(instances), payload=sum(len(one) for one in labelled), offsets=found
    )


def write_all(folder: Path) -> dict[str, Body]:
    """Writes every body that a run sends, and returns them by name."""
    folder.mkdir(parents=True, exist_ok=True)
    slices, small = studies.ct_series(25, size=SLICE_SIZE), studies.ct_series(GROUP_LIMIT, size=THUMBNAIL_SIZE)
    wanted: dict[str, Callable[[], Sequence[Instance]]] = {
        "slice": lambda: slices[:1],
        "slices": lambda: slices,
        "small": lambda: small[:1],
        "smalls": lambda: small,
        "multiframe": lambda: [studies.multiframe(FRAMES)],
        "compressed": lambda: [studies.compressed_instance(name) for name in studies.COMPRESSED],
    }
    bodies = {name: write(folder, name, instances()) for name, instances in wanted.items()}
    (folder / "bodies.json").write_text(json.dumps({name: body.to_json() for name, body in bodies.items()}))
    return bodies


def _label(instance: Instance, part: int) -> bytes:
    dataset = instance.dataset
    group = int(BLANK_GROUP)
    dataset.PatientID = identifier("patient", BLANK_RUN, group)
    dataset.StudyInstanceUID = identifier("study", BLANK_RUN, group)
    dataset.SeriesInstanceUID = identifier("series", BLANK_RUN, group)
    dataset.SOPInstanceUID = identifier("instance", BLANK_RUN, group, part)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    dataset.StudyDate = DATE
    if "FrameOfReferenceUID" in dataset:
        dataset.FrameOfReferenceUID = generate_uid()
    return Instance.from_dataset(dataset).data


def _offsets(data: bytes, text: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(text.encode()), data)]
