"""What the workflows tell people on GitHub: `python -m ops.review.github comment|drift`.

Standard library only, so that a job which may write installs nothing. Reports come from runs of pull requests, which
anybody may write: they are read from the archive with a limit, never unpacked, and defused before they are posted.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import os
import re
import sys
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ops.review.stacks import names

STACKS = names()
MARKER = "<!-- image-store: review -->"
DRIFT = "<!-- image-store: drift of {stack} -->"
AUTHOR = "github-actions[bot]"
ARCHIVE_LIMIT = 256 * 1024  # bytes, of an artifact as GitHub keeps it
REPORT_LIMIT = 30_000  # characters
COMMENT_LIMIT = 60_000  # of all reports; a comment holds 65,536
PAGE = 100
TIMEOUT = 30  # seconds
UNREADABLE = (KeyError, EOFError, OSError, RuntimeError, lzma.LZMAError, zipfile.BadZipFile, zlib.error)
"""What zipfile raises for archives that are damaged, encrypted, packed in a way it does not know, or something else."""


class ReportError(ValueError):
    """A report that is not posted."""


@dataclass(frozen=True)
class Repository:
    """A repository's part of GitHub's REST API (https://docs.github.com/rest)."""

    api: str
    name: str
    token: str

    @classmethod
    def of_run(cls) -> Repository:
        """The repository whose workflow this is. KeyError outside of a workflow."""
        return cls(os.environ["GITHUB_API_URL"], os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_TOKEN"])

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The answer's first `limit` bytes; HTTPError if there is none."""
        return self._ask("GET", path, None, limit)

    def get(self, path: str) -> Any:
        """The answer."""
        return json.loads(self.read(path))

    def every(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """All elements of a list, page by page."""
        page = 1
        while found := self.get(f"{path}?{urlencode({**query, 'per_page': PAGE, 'page': page})}"):
            yield from found
            page += 1

    def send(self, method: str, path: str, body: Mapping[str, str]) -> None:
        """Change something."""
        self._ask(method, path, json.dumps(body).encode(), None)

    def _ask(self, method: str, path: str, body: bytes | None, limit: int | None) -> bytes:
        request = urllib.request.Request(f"{self.api}/repos/{self.name}/{path}", body, method=method)  # noqa: S310
        request.add_header("Accept", "application/vnd.github+json")
        # Artifacts are answered with a redirect to a store that must not see the token.
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310  GitHub's own address
            return answer.read(limit)


def defused(text: str, limit: int = REPORT_LIMIT) -> str:
    """Markdown that calls nobody, loads nothing, links nowhere and cannot pass for the marker; cut when too long."""
    shown = re.sub(r"<!--.*?-->\n*", "", text[:limit], flags=re.DOTALL)
    shown = re.sub(r"<(?!/?(?:details|summary)>)", "&lt;", shown)
    shown = re.sub(r"@(?=\w)", "@\N{ZERO WIDTH SPACE}", shown)
    shown = re.sub(r"\](?=[(\[:])", r"]\\", shown)
    if max(len(text), len(shown)) <= limit:
        return shown
    return f"{shown[:limit]}\n\n… cut here; the run has the whole report."


def report(archive: bytes, limit: int = REPORT_LIMIT) -> str:
    """The report in an artifact's archive. ReportError if there is no such report, or one that is too big."""
    if len(archive) > ARCHIVE_LIMIT:
        raise ReportError("the archive is too big")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files, files.open("report.md") as file:
            content = file.read(ARCHIVE_LIMIT + 1)
    except UNREADABLE as error:
        raise ReportError("there is no report in the archive") from error
    if len(content) > ARCHIVE_LIMIT:
        raise ReportError("the report is too big")
    if not content.strip():
        raise ReportError("the review ended before it wrote one")
    return defused(content.decode("utf-8", errors="replace").strip(), limit)


def reports(github: Repository, run: int) -> list[str]:
    """What the run says of each stack, under a heading that names it."""
    listed = github.get(f"actions/runs/{run}/artifacts?per_page={PAGE}")["artifacts"]
    found = {artifact["name"]: artifact["id"] for artifact in listed}
    limit = min(REPORT_LIMIT, COMMENT_LIMIT // max(len(STACKS), 1))
    said = []
    for stack in STACKS:
        try:
            number = int(found[f"review-{stack}"])
            said.append(report(github.read(f"actions/artifacts/{number}/zip", ARCHIVE_LIMIT + 1), limit))
        except (KeyError, ReportError) as error:
            reason = error if isinstance(error, ReportError) else "the run left none"
            said.append(f"## `{stack}`: no report\n\nThe reason: {reason}.")
    return said


def pull_requests(github: Repository, run: Mapping[str, Any]) -> list[int]:
    """Open pull requests whose head is what the run looked at. A head that has moved on has a run of its own."""
    source = run["head_repository"]
    if source is None:  # a fork that is gone
        return []
    head = f"{source['owner']['login']}:{run['head_branch']}"
    return [
        found["number"]
        for found in github.every("pulls", state="open", head=head)
        if found["head"]["sha"] == run["head_sha"] and (found["head"]["repo"] or {}).get("id") == source["id"]
    ]


def comment(github: Repository, run: Mapping[str, Any]) -> list[int]:
    """Post what a run of preview.yml found; returns the pull requests that now say it."""
    numbers = pull_requests(github, run)
    if not numbers:
        return []
    footer = f"[Run]({run['html_url']}) of {run['head_sha']}: {run['conclusion']}."
    body = "\n\n".join([MARKER, *reports(github, run["id"]), footer])
    for number in numbers:
        ours = _ours(github.every(f"issues/{number}/comments"), MARKER)
        if ours:
            github.send("PATCH", f"issues/comments/{ours[0]['id']}", {"body": body})
        else:
            github.send("POST", f"issues/{number}/comments", {"body": body})
    return numbers


def drift(github: Repository, stack: str, outcome: str, run: str) -> str:
    """Keep one issue open while `outcome` is not success; returns what was done."""
    marker = DRIFT.format(stack=stack)
    ours = _ours(github.every("issues", state="open"), marker)
    if outcome == "success":
        for issue in ours:
            github.send("POST", f"issues/{issue['number']}/comments", {"body": f"{run} found no difference."})
            github.send("PATCH", f"issues/{issue['number']}", {"state": "closed"})
        return "closed" if ours else "clean"
    body = (
        f"{marker}\nAWS and the program differ in `{stack}`, or they could not be compared. What was found, in the log "
        f"of the last run: {run}\n\nEither put AWS back with a deployment, or bring the program up to date."
    )
    if ours:
        github.send("PATCH", f"issues/{ours[0]['number']}", {"body": body})
        return "updated"
    github.send("POST", "issues", {"title": f"Drift in {stack}", "body": body})
    return "opened"


def _ours(found: Iterator[dict[str, Any]], marker: str) -> list[dict[str, Any]]:
    return [one for one in found if one["user"]["login"] == AUTHOR and (one["body"] or "").startswith(marker)]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ops.review.github", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("comment", help="post the reports of the run that the event names")
    night = commands.add_parser("drift", help="open, update or close a stack's issue")
    night.add_argument("--stack", choices=STACKS, required=True)
    night.add_argument("--outcome", required=True, help="of the preview: success, or something else")
    given = parser.parse_args(arguments)
    github = Repository.of_run()
    if given.command == "comment":
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        said = comment(github, event["workflow_run"])
    else:
        run = f"{os.environ['GITHUB_SERVER_URL']}/{github.name}/actions/runs/{os.environ['GITHUB_RUN_ID']}"
        said = drift(github, given.stack, given.outcome, run)
    sys.stdout.write(f"{given.command}: {said or 'no open pull request has this head'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
