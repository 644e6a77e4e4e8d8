"""The end of the study: the operators' commands one after the other, and what must be true after each."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.scenario import studies
from rehearsal.scenario.commands import account, ops, ops_after_restore, region, run
from rehearsal.scenario.record import Record, RehearsalError, SentObject, Step, require
from rehearsal.stack.driver import Rehearsal
from rehearsal.stack.operations import Watcher, short_name

STUDY_OUTPUTS = "studyOutputs"
"""The stack's output for the commands that end a study."""

RETAINED_TYPES = ("aws:kms/key:Key", "aws:s3/bucket:Bucket", "aws:backup/vault:Vault")
"""Types of the retained resources that a teardown lists; the settings of a bucket are part of it."""

POLL = ("--poll", "0.05")


def send(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """Store studies in bucket and index."""
    record.study_outputs = rehearsal.outputs()[STUDY_OUTPUTS]
    aws = account(rehearsal).clients
    record.sent = studies.send(aws, record.study_outputs, rehearsal.workspace.folder)
    groups = studies.write_logs(aws, list(record.study_outputs["logGroups"]))
    return f"{_format_amount(record.sent)}, events in {groups} log groups"


def try_to_destroy(rehearsal: Rehearsal, _record: Record, watcher: Watcher) -> str:
    """Try to destroy and to tear down an active study: both must refuse."""
    before = {one["urn"] for one in rehearsal.cloud()}
    done = rehearsal.destroy(check=False, watcher=watcher)
    require(done.exit_code and "protect" in done.message, f"an active stack must not be destroyed:\n{done.message}")
    checked = run(rehearsal, "teardown", *_stack(rehearsal), "--check")
    require(
        checked.returncode == 1, f"`teardown --check` must refuse an active study: {checked.stdout}{checked.stderr}"
    )
    found = json.loads(checked.stdout)["blockers"]
    require({one["urn"] for one in rehearsal.cloud()} == before, "resources were deleted all the same")
    return f"by the engine, and by `teardown` for {len(found)} reasons"


def close(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """Run `ops close`: phase `closing`, images frozen, nothing protected."""
    frozen = ops(rehearsal, "close", *_stack(rehearsal), "--quiet", "0")
    _require_same("frozen", frozen, record)
    require(frozen["simulated_by_iam"], "IAM's simulator was not used")
    record.deployed = rehearsal.resources()
    record.study_outputs = rehearsal.outputs()[STUDY_OUTPUTS]
    protected = [short_name(resource["urn"]) for resource in record.deployed if resource.get("protect")]
    require(not protected, f"still protected in phase closing: {', '.join(protected)}")
    return f"{frozen['objects']} objects frozen"


def archive(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """Run `ops archive`: images, index, database and logs."""
    record.archived = ops(rehearsal, "archive", "--stack", rehearsal.stack, *POLL)
    _require_same("archived", record.archived, record)
    require(not record.archived["orphans"], f"{record.archived['orphans']} objects are not in the index")
    return f"{_format_amount(record.sent)}, {record.archived['files']} files of index, database and logs"


def verify(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """Run `ops verify --full`."""
    report = ops(rehearsal, "verify", "--stack", rehearsal.stack, "--full")
    _require_same("verified", report, record)
    require((report["imageBucket"], report["index"]) == ("compared", "compared"), "bucket and index were not compared")
    return f"{report['objects']} objects read and compared with bucket and index"


def close_archived(rehearsal: Rehearsal, _record: Record, _watcher: Watcher) -> str:
    """Run `ops close --archived`."""
    ops(rehearsal, "close", *_stack(rehearsal), "--archived")
    phase = rehearsal.outputs()[STUDY_OUTPUTS]["phase"]
    require(phase == "archived", f"phase {phase} is deployed, not archived")
    return "phase archived is deployed"


def teardown(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """Run `ops teardown`, which destroys the stack and lists by name what is retained."""
    outputs = rehearsal.outputs()
    (rehearsal.workspace.folder / "outputs.json").write_text(json.dumps(outputs))
    record.deployed = rehearsal.resources()
    record.teardown = ops(rehearsal, "teardown", *_stack(rehearsal), "--study", record.study_outputs["study"])
    found = {one["name"] for one in record.teardown["kept"]}
    missing = sorted(_retained_names(record.deployed) - found)
    require(not missing, f"retained, but missing in the report: {', '.join(missing)}")
    return f"{len(found)} resources retained, {record.teardown['yearly_usd']:.2f} USD a year"


def restore(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """Run `ops verify --from archive` and `ops restore`, with only the archive left."""
    outputs = str(rehearsal.workspace.folder / "outputs.json")
    source = ("--outputs", outputs, "--from", "archive", "--full")
    _require_same("verified", ops_after_restore(rehearsal, "verify", "--stack", rehearsal.stack, *source), record)
    target = rehearsal.workspace.folder / "restored"
    shutil.rmtree(target, ignore_errors=True)
    study = record.sent[0].study
    ops(  # the verification has restored the objects already
        rehearsal,
        *("restore", "--bucket", record.study_outputs["archiveBucket"], "--study", study, "--to", str(target)),
        *("--region", region(rehearsal)),
    )
    wanted = {
        f"{one.study}/{one.series}/{one.instance}.dcm": one.sha256
        for one in record.sent
        if one.study == study and one.type == studies.DICOM
    }
    files = {
        str(path.relative_to(target)): hashlib.sha256(path.read_bytes()).hexdigest() for path in target.rglob("*.dcm")
    }
    require(files == wanted, f"restored {sorted(files)} instead of {sorted(wanted)}, or with other bytes")
    record.restored = len(files)
    return f"{len(files)} files, byte for byte as sent"


def check_leftovers(rehearsal: Rehearsal, record: Record, _watcher: Watcher) -> str:
    """Check that the state is empty, that the cloud has only retained resources, and that the archive is intact."""
    left = rehearsal.resources()
    require(not left, f"left in the state: {', '.join(short_name(resource['urn']) for resource in left)}")
    found = {entry["urn"] for entry in rehearsal.cloud()}
    retained = retained_urns(record.deployed)
    require(
        not found - retained, f"left in the cloud, but not retained: {', '.join(map(short_name, found - retained))}"
    )
    require(not retained - found, f"retained, but deleted: {', '.join(map(short_name, retained - found))}")
    aws = account(rehearsal).clients
    for one in record.sent:
        name = one.key.removeprefix(f"{record.study_outputs['imagePrefix']}/")
        head = aws.s3.head_object(
            Bucket=record.study_outputs["archiveBucket"],
            Key=f"{record.study_outputs['archivePrefix']}/objects/{name}",
            ChecksumMode="ENABLED",
        )
        archived = (head["ContentLength"], base64.b64decode(head["ChecksumSHA256"]).hex())
        require(archived == (one.bytes, one.sha256), f"{one.key}: the archive has other bytes")
        record.compared += 1
    record.retained = sorted(one["name"] for one in record.teardown["kept"])
    return f"0 in the state, {len(found)} in the cloud (retained on purpose), {record.compared} checksums equal"


STEPS: Mapping[str, Step] = {
    "send studies": send,
    "destroy is refused": try_to_destroy,
    "close": close,
    "archive": archive,
    "verify": verify,
    "archived": close_archived,
    "teardown": teardown,
    "restore a study": restore,
    "nothing left": check_leftovers,
}


def retained_urns(resources: Iterable[Mapping[str, Any]]) -> set[str]:
    """URNs of the resources that `destroy` leaves in the cloud."""
    return {resource["urn"] for resource in resources if resource.get("retainOnDelete") and resource.get("custom")}


def _retained_names(resources: Iterable[Mapping[str, Any]]) -> set[str]:
    """Names under which the teardown lists retained resources."""
    return {
        one["urn"].rpartition("::")[2] if one["type"] == RETAINED_TYPES[0] else one["id"]
        for one in resources
        if one.get("retainOnDelete") and one["type"] in RETAINED_TYPES
    }


def _stack(rehearsal: Rehearsal) -> tuple[str, ...]:
    return ("--stack", rehearsal.stack, "--project", str(rehearsal.workspace.project))


def _require_same(what: str, found: Mapping[str, Any], record: Record) -> None:
    actual, expected = (found["objects"], found["bytes"]), (len(record.sent), sum(one.bytes for one in record.sent))
    if actual != expected:
        raise RehearsalError(
            f"{actual[0]} objects of {actual[1]} bytes {what}, but {expected[0]} of {expected[1]} bytes stored"
        )


def _format_amount(sent: Iterable[SentObject]) -> str:
    found = list(sent)
    return f"{len(found)} objects, {sum(one.bytes for one in found)} bytes"
