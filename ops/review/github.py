"""Comments and issues of the workflows on GitHub: `python -m ops.review.github comment|drift`.

Standard library only, so that a job with write access installs nothing. Reports come from runs of pull requests, which
anybody can write: they are read from the archive up to a limit, never extracted, and sanitized before they are posted.
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

from ops.stacks import stack_names

MARKER = "<!-- image-store: review -->"
DRIFT = "<!-- image-store: drift of {stack} -->"
AUTHOR = "github-actions[bot]"
ARCHIVE_LIMIT = 256 * 1024  # bytes, of an artifact as GitHub keeps it
REPORT_LIMIT = 30_000  # characters of one report
COMMENT_LIMIT = 60_000  # characters of all reports together; a comment holds 65,536
STACK_LIMIT = 10  # stacks in one comment
REVIEW = re.compile(r"review-([A-Za-z0-9][A-Za-z0-9_.-]{0,39})")
"""Name of the artifact with the report of a stack."""

PAGE = 100
TIMEOUT = 30  # seconds
UNREADABLE = (KeyError, EOFError, OSError, RuntimeError, lzma.LZMAError, zipfile.BadZipFile, zlib.error)
"""Errors of zipfile for archives that are damaged, encrypted, compressed in an unknown way, or no archives."""


class ReportError(ValueError):
    """A report that cannot be posted."""


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
        """The first `limit` bytes of the response; raises HTTPError."""
        return self._request("GET", path, None, limit)

    def get(self, path: str) -> Any:
        """The response as JSON."""
        return json.loads(self.read(path))

    def every(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """All elements of a list, page by page."""
        page = 1
        while found := self.get(f"{path}?{urlencode({**query, 'per_page': PAGE, 'page': page})}"):
            yield from found
            page += 1

    def send(self, method: str, path: str, body: Mapping[str, str]) -> None:
        """Send a change."""
        self._request(method, path, json.dumps(body).encode(), None)

    def _request(self, method: str, path: str, body: bytes | None, limit: int | None) -> bytes:
        request = urllib.request.Request(f"{self.api}/repos/{self.name}/{path}", body, method=method)  # noqa: S310
        request.add_header("Accept", "application/vnd.github+json")
        # Artifacts redirect to a storage service, which must not receive the token.
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310  GitHub's own address
            return answer.read(limit)


def sanitize(text: str, limit: int = REPORT_LIMIT) -> str:
    """The Markdown without mentions, images, links, HTML and comment markers, cut after `limit` characters."""
    shown = re.sub(r"<!--.*?-->\n*", "", text[:limit], flags=re.DOTALL)
    shown = re.sub(r"<(?!/?(?:details|summary)>)", "&lt;", shown)
    shown = re.sub(r"@(?=\w)", "@\N{ZERO WIDTH SPACE}", shown)
    shown = re.sub(r"\](?=[(\[:])", r"]\\", shown)
    if max(len(text), len(shown)) <= limit:
        return shown
    return f"{shown[:limit]}\n\n… cut here; the run has the whole report."


def read_report(archive: bytes, limit: int = REPORT_LIMIT) -> str:
    """The sanitized report in an artifact's archive. ReportError if there is none, or if it is too big."""
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
    return sanitize(content.decode("utf-8", errors="replace").strip(), limit)


def reports(github: Repository, run: int) -> list[str]:
    """The run's report on each stack, under a heading with the stack's name.

    The stacks are those with a file here and those that the pull request adds, of which the run has a report.
    """
    artifacts = github.get(f"actions/runs/{run}/artifacts?per_page={PAGE}")["artifacts"]
    ids = {match[1]: artifact["id"] for artifact in artifacts if (match := REVIEW.fullmatch(artifact["name"]))}
    known = stack_names()
    names = [*known, *sorted(ids.keys() - known)][:STACK_LIMIT]
    texts = []
    for stack in names:
        try:
            archive = github.read(f"actions/artifacts/{int(ids[stack])}/zip", ARCHIVE_LIMIT + 1)
            texts.append(read_report(archive, min(REPORT_LIMIT, COMMENT_LIMIT // len(names))))
        except (KeyError, ReportError) as error:
            reason = error if isinstance(error, ReportError) else "the run left none"
            texts.append(f"## `{stack}`: no report\n\nThe reason: {reason}.")
    return texts


def pull_requests(github: Repository, run: Mapping[str, Any]) -> list[int]:
    """Open pull requests whose head the run reviewed. A newer head has its own run."""
    source = run["head_repository"]
    if source is None:  # the fork was deleted
        return []
    head = f"{source['owner']['login']}:{run['head_branch']}"
    return [
        found["number"]
        for found in github.every("pulls", state="open", head=head)
        if found["head"]["sha"] == run["head_sha"] and (found["head"]["repo"] or {}).get("id") == source["id"]
    ]


def comment(github: Repository, run: Mapping[str, Any]) -> list[int]:
    """Post the reports of a run of preview.yml; returns the pull requests that have the comment."""
    numbers = pull_requests(github, run)
    if not numbers:
        return []
    footer = f"[Run]({run['html_url']}) of {run['head_sha']}: {run['conclusion']}."
    body = "\n\n".join([MARKER, *reports(github, run["id"]), footer])
    for number in numbers:
        ours = _find_ours(github.every(f"issues/{number}/comments"), MARKER)
        if ours:
            github.send("PATCH", f"issues/comments/{ours[0]['id']}", {"body": body})
        else:
            github.send("POST", f"issues/{number}/comments", {"body": body})
    return numbers


def drift(github: Repository, stack: str, outcome: str, run: str) -> str:
    """Keep one issue open while `outcome` is not success; returns the action taken."""
    marker = DRIFT.format(stack=stack)
    ours = _find_ours(github.every("issues", state="open"), marker)
    if outcome == "success":
        for issue in ours:
            github.send("POST", f"issues/{issue['number']}/comments", {"body": f"{run} found no difference."})
            github.send("PATCH", f"issues/{issue['number']}", {"state": "closed"})
        return "closed" if ours else "clean"
    body = (
        f"{marker}\nAWS and the program differ in `{stack}`, or they could not be compared. The log of the last run "
        f"has the differences: {run}\n\nDeploy to reset AWS, or update the program."
    )
    if ours:
        github.send("PATCH", f"issues/{ours[0]['number']}", {"body": body})
        return "updated"
    github.send("POST", "issues", {"title": f"Drift in {stack}", "body": body})
    return "opened"


def _find_ours(found: Iterator[dict[str, Any]], marker: str) -> list[dict[str, Any]]:
    return [one for one in found if one["user"]["login"] == AUTHOR and (one["body"] or "").startswith(marker)]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ops.review.github", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("comment", help="post the reports of the run that the event names")
    night = commands.add_parser("drift", help="open, update or close a stack's issue")
    night.add_argument("--stack", choices=stack_names(), required=True)
    night.add_argument("--outcome", required=True, help="of the preview: success, or something else")
    given = parser.parse_args(arguments)
    github = Repository.of_run()
    if given.command == "comment":
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        result = comment(github, event["workflow_run"])
    else:
        run = f"{os.environ['GITHUB_SERVER_URL']}/{github.name}/actions/runs/{os.environ['GITHUB_RUN_ID']}"
        result = drift(github, given.stack, given.outcome, run)
    sys.stdout.write(f"{given.command}: {result or 'no open pull request has this head'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
