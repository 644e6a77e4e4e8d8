"""What the pipeline posts, on a GitHub that listens on the loopback interface."""

from __future__ import annotations

import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ops.review import github
from ops.review.github import (
    ARCHIVE_LIMIT,
    AUTHOR,
    MARKER,
    REPORT_LIMIT,
    ReportError,
    Repository,
    read_report,
    sanitize,
)

SHA = "a" * 40
RUN = {
    "id": 7,
    "head_sha": SHA,
    "head_branch": "change",
    "head_repository": {"id": 42, "owner": {"login": "someone"}},
    "html_url": "https://github.example/run/7",
    "conclusion": "failure",
}
PULL = {"number": 5, "head": {"sha": SHA, "repo": {"id": 42}}}


def archive(text: str = "one change", member: str = "report.md") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr(member, text)
    return made.getvalue()


class GitHub(HTTPServer):
    """Lists of one page, archives behind a redirect, and a record of what was asked and changed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lists: dict[str, list[dict[str, Any]]] = {"pulls": [PULL]}
        self.archives = {"1": archive("dev is fine"), "2": archive("prod is fine")}
        self.artifacts: list[dict[str, Any]] = [{"name": "review-dev", "id": 1}, {"name": "review-prod", "id": 2}]
        self.changes: list[tuple[str, str, dict[str, str]]] = []
        self.asked: list[str] = []
        self.tokens: dict[str, str | None] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: GitHub  # ty: ignore[incompatible-mutable-override]  the only server that makes it

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        name = path.path.removeprefix("/repos/octank/image-store/")
        self.server.asked.append(self.path)
        self.server.tokens[path.path] = self.headers["Authorization"]
        if name.endswith("/zip"):
            self.answer(302, b"", location=f"{self.server.url}/store/{name.split('/')[2]}")
        elif name.startswith("/store/"):
            self.answer(200, self.server.archives[name.removeprefix("/store/")])
        elif name.endswith("/artifacts"):
            self.answer(200, json.dumps({"artifacts": self.server.artifacts}).encode())
        else:
            first = parse_qs(path.query)["page"] == ["1"]
            self.answer(200, json.dumps(self.server.lists.get(name, []) if first else []).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.changes.append((self.command, self.path.removeprefix("/repos/octank/image-store/"), body))
        self.answer(200, b"{}")

    do_PATCH = do_POST

    def answer(self, status: int, body: bytes, location: str | None = None) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Not to the terminal."""


@pytest.fixture
def server() -> Iterator[GitHub]:
    with GitHub() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def two_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "stack_names", lambda: ["dev", "prod"])


@pytest.fixture
def repository(server: GitHub) -> Repository:
    return Repository(server.url, "octank/image-store", "of-the-job")


def test_reports_of_many_stacks_fit_into_one_comment(server: GitHub, repository: Repository, monkeypatch):
    names = [f"stack-{number}" for number in range(5)]
    monkeypatch.setattr(github, "stack_names", lambda: names)
    server.artifacts = [{"name": f"review-{stack}", "id": 1} for stack in names]
    server.archives = {"1": archive("x" * 20_000)}
    github.comment(repository, RUN)
    assert len(server.changes[0][2]["body"]) < 65_536


def test_both_reports_become_one_comment(server: GitHub, repository: Repository):
    assert github.comment(repository, RUN) == [5]
    [(method, path, body)] = server.changes
    assert (method, path) == ("POST", "issues/5/comments")
    assert body["body"].startswith(MARKER)
    assert "dev is fine\n\nprod is fine\n\n" in body["body"]
    assert body["body"].endswith(f"[Run](https://github.example/run/7) of {SHA}: failure.")
    assert any("head=someone%3Achange" in asked for asked in server.asked)


def test_the_comment_is_edited_in_place(server: GitHub, repository: Repository):
    server.lists["issues/5/comments"] = [
        {"id": 1, "user": {"login": "someone"}, "body": f"{MARKER} mine"},
        {"id": 2, "user": {"login": AUTHOR}, "body": "of another workflow"},
        {"id": 3, "user": {"login": AUTHOR}, "body": f"{MARKER} old"},
    ]
    github.comment(repository, RUN)
    assert [(method, path) for method, path, _ in server.changes] == [("PATCH", "issues/comments/3")]


@pytest.mark.parametrize(
    "head", [{"sha": "b" * 40, "repo": {"id": 42}}, {"sha": SHA, "repo": {"id": 1}}, {"sha": SHA, "repo": None}]
)
def test_a_pull_request_with_another_head_gets_nothing(head: dict[str, Any], server: GitHub, repository: Repository):
    server.lists["pulls"] = [{"number": 6, "head": head}]
    assert github.comment(repository, RUN) == []
    assert server.changes == []


def test_a_fork_that_is_gone_gets_nothing(server: GitHub, repository: Repository):
    assert github.comment(repository, {**RUN, "head_repository": None}) == []
    assert server.asked == []


def test_the_store_of_artifacts_never_sees_the_token(server: GitHub, repository: Repository):
    github.comment(repository, RUN)
    assert server.tokens["/repos/octank/image-store/actions/artifacts/1/zip"] == "Bearer of-the-job"
    assert server.tokens["/store/1"] is None


def test_a_report_that_is_missing_or_unreadable_is_named(server: GitHub, repository: Repository):
    server.artifacts = [{"name": "review-dev", "id": 1}]
    server.archives["1"] = b"no archive"
    github.comment(repository, RUN)
    assert "## `dev`: no report\n\nThe reason: there is no report in the archive." in server.changes[0][2]["body"]
    assert "## `prod`: no report\n\nThe reason: the run left none." in server.changes[0][2]["body"]


def test_a_stack_that_the_pull_request_adds_has_its_report(server: GitHub, repository: Repository):
    server.archives["3"] = archive("staging is new")
    server.artifacts += [
        {"name": "review-staging", "id": 3},
        {"name": "review-x y", "id": 3},
        {"name": "logs", "id": 3},
    ]
    github.comment(repository, RUN)
    body = server.changes[0][2]["body"]
    assert [body.count(text) for text in ("dev is fine", "prod is fine", "staging is new")] == [1, 1, 1]


def test_many_long_reports_fit_into_one_comment(server: GitHub, repository: Repository):
    server.archives["1"] = archive("x" * REPORT_LIMIT)
    server.artifacts = [{"name": f"review-s{number}", "id": 1} for number in range(30)]
    github.comment(repository, RUN)
    assert len(server.changes[0][2]["body"]) < 65_536


def test_an_archive_is_not_read_beyond_the_limit(server: GitHub, repository: Repository):
    server.archives["1"] = os.urandom(ARCHIVE_LIMIT * 4)
    github.comment(repository, RUN)
    assert "The reason: the archive is too big." in server.changes[0][2]["body"]


def test_a_small_archive_that_grows_is_refused():
    bomb = archive("x" * (ARCHIVE_LIMIT * 100))
    assert len(bomb) < ARCHIVE_LIMIT
    with pytest.raises(ReportError, match="too big"):
        read_report(bomb)


@pytest.mark.parametrize(
    "content", [b"", b"PK", archive(" "), archive(member="../report.md"), archive("x" * 5000)[:40] + bytes(80)]
)
def test_what_is_no_report_is_refused(content: bytes):
    with pytest.raises(ReportError):
        read_report(content)


def test_damaged_data_in_a_good_archive_is_refused():
    good = bytearray(archive(os.urandom(2000).hex()))
    good[60:1000] = bytes(940)
    with pytest.raises(ReportError):
        read_report(bytes(good))


@pytest.mark.parametrize(("written", "posted"), [
    ("@octank/platform look", "@\u200boctank/platform look"),
    ("<!-- image-store: review -->\n\nfine", "fine"),
        ("<!<!-- -->-- image-store: review -->", "&lt;!-- image-store: review -->"),
        ("<!-- never closed", "&lt;!-- never closed"),
    ("![x](https://evil.example/x.png)", "![x]\\(https://evil.example/x.png)"),
    ("[sign in](https://evil.example)", "[sign in]\\(https://evil.example)"),
    ("[sign in][1]\n[1]: https://evil.example", "[sign in]\\[1]\n[1]\\: https://evil.example"),
    ('<img src="https://evil.example">', '&lt;img src="https://evil.example">'),
    ("<details><summary>12 more</summary>", "<details><summary>12 more</summary>"),
    ("| `a` | 1 → 2 |", "| `a` | 1 → 2 |"),
])  # fmt: skip
def test_reports_are_sanitized(written: str, posted: str):
    assert sanitize(written) == posted


def test_two_reports_of_any_size_fit_into_a_comment():
    for text in ("<" * REPORT_LIMIT, "@a" * REPORT_LIMIT, "x" * 10 * REPORT_LIMIT, "<!--" * REPORT_LIMIT):
        assert len(sanitize(text)) * 2 < 65_000


RUN_URL = "https://github.example/octank/image-store/actions/runs/9"
OPEN = {"number": 3, "user": {"login": AUTHOR}, "body": github.DRIFT.format(stack="prod") + "\nold"}


@pytest.mark.parametrize(("outcome", "issues", "done", "changes"), [
    ("failure", [], "opened", [("POST", "issues")]),
    ("failure", [OPEN], "updated", [("PATCH", "issues/3")]),
    ("skipped", [OPEN], "updated", [("PATCH", "issues/3")]),
    ("failure", [{**OPEN, "body": github.DRIFT.format(stack="dev")}], "opened", [("POST", "issues")]),
    ("failure", [{**OPEN, "user": {"login": "someone"}}], "opened", [("POST", "issues")]),
    ("failure", [{**OPEN, "body": None}], "opened", [("POST", "issues")]),
    ("success", [OPEN], "closed", [("POST", "issues/3/comments"), ("PATCH", "issues/3")]),
    ("success", [], "clean", []),
])  # fmt: skip
def test_one_issue_a_stack_says_that_it_drifted(
    outcome: str, issues: list[dict[str, Any]], done: str, changes: list[tuple[str, str]], server: GitHub
):
    repository = Repository(server.url, "octank/image-store", "of-the-job")
    server.lists["issues"] = issues
    assert github.drift(repository, "prod", outcome, RUN_URL) == done
    assert [(method, path) for method, path, _ in server.changes] == changes
    assert all(RUN_URL in body["body"] for _, _, body in server.changes if "body" in body)


def test_the_command_takes_the_run_from_the_event(
    server: GitHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"workflow_run": RUN}))
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "octank/image-store")
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-job")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    assert github.main(["comment"]) == 0
    assert capsys.readouterr().out == "comment: [5]\n"
