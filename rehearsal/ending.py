"""The end of a study in a rehearsal: the operators' commands one after the other, and what must be true after each."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal import studies
from rehearsal.commands import account, ops, ops_awake, region, run
from rehearsal.driver import Rehearsal
from rehearsal.operations import Watcher, short
from rehearsal.record import Record, RehearsalFailed, Sent, Step, must

KEPT = ("aws:kms/key:Key", "aws:s3/bucket:Bucket", "aws:backup/vault:Vault")
"""Types of retained resources that a teardown names; a bucket's settings are part of it."""
POLL = ("--poll", "0.05")


def send(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """Studies into bucket and index."""
    record.ending = rehearsal.outputs()["ending"]
    aws = account(rehearsal).clients
    record.sent = studies.send(aws, record.ending, rehearsal.workspace.folder)
    groups = studies.log(aws, list(record.ending["logGroups"]))
    return f"{_amount(record.sent)}, events in {groups} log groups"


def refused(rehearsal: Rehearsal, _record: Record, watcher: Watcher) -> str:
    """An active study is neither destroyed nor torn down."""
    before = {one["urn"] for one in rehearsal.cloud()}
    done = rehearsal.destroy(check=False, watcher=watcher)
    must(done.exit_code and "protect" in done.message, f"an active stack must not be destroyed:\n{done.message}")
    torn = run(rehearsal, "teardown", *_stack(rehearsal), "--check")
    must(torn.returncode == 1, f"`teardown --check` must refuse an active study: {torn.stdout}{torn.stderr}")
    found = json.loads(torn.stdout)["blockers"]
    must({one["urn"] for one in rehearsal.cloud()} == before, "something is gone all the same")
    return f"by the engine, and by `teardown` with {len(found)} blockers"


def close(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """`ops close`: phase `closing`, images frozen, nothing protected."""
    frozen = ops(rehearsal, "close", *_stack(rehearsal), "--quiet", "0")
    _same("frozen", frozen, record)
    must(frozen["simulated_by_iam"], "IAM's simulator was not asked")
    record.deployed = rehearsal.resources()
    record.ending = rehearsal.outputs()["ending"]
    protected = [short(resource["urn"]) for resource in record.deployed if resource.get("protect")]
    must(not protected, f"still protected in phase closing: {', '.join(protected)}")
    return f"{frozen['objects']} objects frozen"


def archive(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """`ops archive`: images, index, database and logs."""
    record.archived = ops(rehearsal, "archive", "--stack", rehearsal.stack, *POLL)
    _same("archived", record.archived, record)
    must(not record.archived["orphans"], f"{record.archived['orphans']} objects are unknown to the index")
    return f"{_amount(record.sent)}, {record.archived['files']} files of index, database and logs"


def verify(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """`ops verify --full`."""
    said = ops(rehearsal, "verify", "--stack", rehearsal.stack, "--full")
    _same("verified", said, record)
    must((said["imageBucket"], said["index"]) == ("compared", "compared"), "bucket and index were not compared")
    return f"{said['objects']} objects read and compared with bucket and index"


def archived(rehearsal: Rehearsal, _record: Record, _watcher: Watcher) -> str:
    """`ops close --archived`."""
    ops(rehearsal, "close", *_stack(rehearsal), "--archived")
    phase = rehearsal.outputs()["ending"]["phase"]
    must(phase == "archived", f"{phase} is deployed")
    return "phase archived is deployed"


def teardown(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """`ops teardown`: destroys, and proves that only the retained things are left, by name."""
    outputs = rehearsal.outputs()
    (rehearsal.workspace.folder / "outputs.json").write_text(json.dumps(outputs))
    record.deployed = rehearsal.resources()
    record.torn = ops(rehearsal, "teardown", *_stack(rehearsal), "--study", record.ending["study"])
    found = {one["name"] for one in record.torn["kept"]}
    lost = sorted(_names(record.deployed) - found)
    must(not lost, f"retained, and the proof does not name it: {', '.join(lost)}")
    return f"{len(found)} things kept, {record.torn['yearly_usd']:.2f} USD a year"


def restore(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """`ops verify --from archive` and `ops restore`, with nothing but the archive left."""
    outputs = str(rehearsal.workspace.folder / "outputs.json")
    source = ("--outputs", outputs, "--from", "archive", "--full")
    _same("verified", ops_awake(rehearsal, "verify", "--stack", rehearsal.stack, *source), record)
    place = rehearsal.workspace.folder / "restored"
    shutil.rmtree(place, ignore_errors=True)
    study = record.sent[0].study
    ops(  # the verification has asked for its objects already
        rehearsal,
        *("restore", "--bucket", record.ending["archiveBucket"], "--study", study, "--to", str(place)),
        *("--region", region(rehearsal)),
    )
    wanted = {
        f"{one.study}/{one.series}/{one.instance}.dcm": one.sha256
        for one in record.sent
        if one.study == study and one.type == studies.DICOM
    }
    files = {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest() for path in place.rglob("*.dcm")
    }
    must(files == wanted, f"restored {sorted(files)} and not {sorted(wanted)}, or with other bytes")
    record.restored = len(files)
    return f"{len(files)} files, byte by byte what was sent"


def nothing_left(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """No resource in the state, and none in the cloud but those that are retained; each archived object is intact."""
    left = rehearsal.resources()
    must(not left, f"left in the state: {', '.join(short(resource['urn']) for resource in left)}")
    found = {entry["urn"] for entry in rehearsal.cloud()}
    retained = retained_urns(record.deployed)
    must(not found - retained, f"left in the cloud, though not retained: {', '.join(map(short, found - retained))}")
    must(not retained - found, f"retained, and gone: {', '.join(map(short, retained - found))}")
    aws = account(rehearsal).clients
    for one in record.sent:
        name = one.key.removeprefix(f"{record.ending['imagePrefix']}/")
        head = aws.s3.head_object(
            Bucket=record.ending["archiveBucket"],
            Key=f"{record.ending['archivePrefix']}/objects/{name}",
            ChecksumMode="ENABLED",
        )
        held = (head["ContentLength"], base64.b64decode(head["ChecksumSHA256"]).hex())
        must(held == (one.bytes, one.sha256), f"{one.key}: the archive holds other bytes")
        record.compared += 1
    record.retained = sorted(one["name"] for one in record.torn["kept"])
    return f"0 in the state, {len(found)} in the cloud (retained on purpose), {record.compared} checksums equal"


STEPS: Mapping[str, Step] = {
    "send studies": send,
    "destroy is refused": refused,
    "close": close,
    "archive": archive,
    "verify": verify,
    "archived": archived,
    "teardown": teardown,
    "restore a study": restore,
    "nothing left": nothing_left,
}


def retained_urns(resources: Iterable[Mapping[str, Any]]) -> set[str]:
    """Resources that `destroy` leaves in the cloud."""
    return {resource["urn"] for resource in resources if resource.get("retainOnDelete") and resource.get("custom")}


def _names(resources: Iterable[Mapping[str, Any]]) -> set[str]:
    """What the proof calls those of them that it names."""
    return {
        one["urn"].rpartition("::")[2] if one["type"] == KEPT[0] else one["id"]
        for one in resources
        if one.get("retainOnDelete") and one["type"] in KEPT
    }


def _stack(rehearsal: Rehearsal) -> tuple[str, ...]:
    return ("--stack", rehearsal.stack, "--project", str(rehearsal.workspace.project))


def _same(what: str, found: Mapping[str, Any], record: Record) -> None:
    held, wanted = (found["objects"], found["bytes"]), (len(record.sent), sum(one.bytes for one in record.sent))
    if held != wanted:
        raise RehearsalFailed(f"{held[0]} objects of {held[1]} bytes {what}, {wanted[0]} of {wanted[1]} bytes stored")


def _amount(sent: Iterable[Sent]) -> str:
    found = list(sent)
    return f"{len(found)} objects, {sum(one.bytes for one in found)} bytes"
