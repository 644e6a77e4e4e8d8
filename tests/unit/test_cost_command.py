"""The command `cost`: every output adds up and contains the warnings; wrong input ends with a message and exit code 1."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from typer.testing import CliRunner

from ops import __main__ as cli
from ops.cost import compare
from ops.cost.model import round_money
from ops.cost.prices import book
from ops.cost.prices.book import PRICE_FILE, load_prices
from ops.plan import configuration, load_settings, settings_at
from ops.plan.configuration import stacks
from ops.review import review as reviews
from tests.conftest import Plans
from tests.planned import plan
from tests.stack_files import DEPLOYABLE
from tests.unit.contracts.edit import with_inputs, with_resource

CONFIGURATION = import_module("ops.plan.configuration")
FORMS = ("--json", "--markdown", "--csv", "--lines")
OLD = "prices are older than"


@pytest.fixture(autouse=True)
def shared_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of these tests share one plan a stack, and every price is old."""
    monkeypatch.setattr("ops.cost.command.plan", plan)
    monkeypatch.setattr("ops.cost.alternatives.plan", plan)
    monkeypatch.setattr(book, "STALE_DAYS", -1)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["cost", *arguments], catch_exceptions=False, env={"COLUMNS": "300"})
    assert result.exit_code == 0
    return result.output


def error_of(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The error message of the command, which prints nothing else and exits with 1."""
    monkeypatch.setattr(sys, "argv", ["ops", "cost", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.run()
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (1, "")
    return err


def test_every_form_warns_about_old_prices():
    for form in ("--json", "--lines"):
        assert OLD in run("--stack", "dev", form), form
    assert OLD in run("--proposal")


def test_json_adds_up_to_the_cent():
    found = json.loads(run("--stack", "prod", "--json"))
    total = Decimal(found["total"])
    for parts in ("monthly", "components", "services", "kinds"):
        assert sum(map(Decimal, found[parts].values())) == total, parts
    exact = sum(Decimal(line["total"]) for line in found["lines"])
    assert abs(exact - total) < Decimal("0.005")
    for line in found["lines"]:
        quantity = sum(map(Decimal, line["quantities"]))
        assert abs(quantity * Decimal(line["unitPrice"]) - Decimal(line["total"])) < Decimal("1e-12")
    assert list(found["monthly"])[0::11] == ["2026-12", "2027-11"]
    assert {one["outcome"] for one in found["resources"]} == {"priced", "usage", "free"}


def test_csv_adds_up_to_the_same_total():
    text = run("--stack", "prod", "--csv")
    assert OLD in text
    rows = [row for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))]
    found = json.loads(run("--stack", "prod", "--json"))
    for month, amount in found["monthly"].items():
        assert sum(Decimal(row[month]) for row in rows) == Decimal(amount)


def test_markdown_tables_end_with_the_sum_of_their_rows():
    head, *sections = run("--stack", "prod", "--markdown").split("### ")
    assert OLD in head
    for section in sections[:4]:
        rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in section.splitlines() if row.startswith("|")]
        amounts = [Decimal(row[1].replace(",", "")) for row in rows[2:]]
        assert sum(amounts[:-1]) == amounts[-1], section.splitlines()[0]


def test_the_proposal_is_printed_as_it_was_published():
    tables = json.loads(run("--proposal", "--json"))
    assert [row["$ / month"] for row in tables["Compute (Fargate + Aurora) Cost"]] == ["88", "32", "87", "207"]
    assert [row["$ / 100 GB"] for row in tables["Data Cost"]] == ["12", "9", "21"]
    project = tables["12-Month Project Cost"]
    assert [row["Total"] for row in project] == ["2,484", "2,219", "4,703"]
    assert [row["$ / Month"] for row in project] == ["207", "185", "392"]


@pytest.mark.slow
def test_alternatives_are_compared_with_the_declared_stack():
    rows = json.loads(run("--stack", "prod", "--alternatives", "--json"))["Alternatives to prod"]
    usd = {name: price.value for name, price in load_prices().prices.items()}.__getitem__
    declared = Decimal(rows[0]["USD a month"].replace(",", ""))
    assert len(rows) == 8
    for row in rows[1:]:
        assert Decimal(row["USD a month"].replace(",", "")) - declared == Decimal(row["difference"].replace(",", ""))
        assert row["gives up"]
    changes = {row["alternative"]: Decimal(row["difference"].replace(",", "")) for row in rows}
    # 1,171 vCPU-hours and 7,112 GB-hours of tasks; the S3 gateway stays, four endpoints in two zones go.
    vcpu, memory = Decimal("1589.881") / 2 + Decimal("1502.976") / 4, Decimal("1589.881") * 4 + Decimal("1502.976") / 2
    x86 = vcpu * (usd("fargate.x86.vcpu_h") - usd("fargate.arm.vcpu_h"))
    x86 += memory * (usd("fargate.x86.gb_h") - usd("fargate.arm.gb_h"))
    assert abs(changes["x86 instead of ARM64"] - x86) < Decimal("0.02")
    nat = 2 * 730 * (usd("nat.h") + usd("ipv4.h")) - 8 * 730 * usd("vpce.h")
    assert abs(changes["NAT gateways instead of interface endpoints"] - nat) < Decimal("0.5")
    assert changes["images in Aurora with a copy in S3, as in 2020"] > 100
    assert changes["savings plans for a year, without upfront payment"] < 0


def test_a_change_is_reported_by_component(plans: Plans):
    head = plans("prod")
    task = head.resource("aws:ecs/taskDefinition:TaskDefinition", name="app-task")
    larger = with_inputs(head, task, cpu="2048", memory="8192")
    found = compare.change(head, load_settings("prod"), larger, load_settings("prod"))
    assert list(found.components) == ["app"]
    [(before, after)] = found.components.values()
    assert found.difference is not None
    assert abs(found.difference - (after - before)) < Decimal("1e-9")
    # Doubled sizes double the cost of tasks. Totals are rounded, and the difference shown is that of the rounded totals.
    comment = compare.markdown(found)
    assert (
        f"**${round_money(found.before or Decimal()):,} → ${round_money(found.after or Decimal()):,}** a month (+$"
        in comment
    )
    [row] = [line for line in comment.splitlines() if line.startswith("| app |")]
    _, old, new, difference = row.strip("| ").split(" | ")
    assert Decimal(new) - Decimal(old) == Decimal(difference.replace("+$", ""))


def test_a_review_names_the_resource_that_cannot_be_priced(plans: Plans):
    head = plans("prod")
    strange = replace(head.resources[-1], urn="urn:x", type="aws:memorydb/cluster:Cluster", name="cache", inputs={})
    found = compare.change(with_resource(head, strange), load_settings("prod"), head, load_settings("prod"))
    comment = reviews.markdown(reviews.review(head, head, cost=found))
    assert "The difference is not known, after $" in comment
    assert "> aws:memorydb/cluster:Cluster cache: this type has no price" in comment


def test_settings_that_this_version_cannot_read_are_reported(plans: Plans, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        CONFIGURATION,
        "configuration",
        lambda *_, **__: configuration("prod", {"network": {"cidr": "10.0.0.0/30"}}),
    )
    found = compare.change_since("HEAD", plans("prod"), plans("prod"))
    assert found.difference is None
    assert "this version cannot read the settings there" in found.problem


def test_an_unknown_git_reference_is_reported(plans: Plans):
    assert "--base no-such-branch" in compare.change_since("no-such-branch", plans("prod"), plans("prod")).problem


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--stack is missing"),
        (("--stack", "no-such"), "Pulumi.no-such.yaml is missing"),
        (("--stack", "dev", "--json", "--csv"), "choose one of --json, --csv"),
        (("--stack", "dev", "--proposal", "--alternatives"), "choose one of --proposal, --alternatives"),
        (("--proposal", "--csv"), "--csv prints the cost of a stack and cannot be combined with --proposal"),
    ],
)
def test_wrong_arguments_end_with_a_message(
    arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert message in error_of(*arguments, monkeypatch=monkeypatch, capsys=capsys)


@pytest.mark.parametrize("form", FORMS)
def test_invalid_settings_end_with_a_message(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(
        CONFIGURATION, "configuration", lambda *_, **__: configuration("dev", {"usage": {"ingest_gb": -5}})
    )
    message = error_of("--stack", "dev", form, monkeypatch=monkeypatch, capsys=capsys)
    assert "image-store:usage.ingest_gb = -5: the images that arrive, in GB a month, is 0 to 100000" in message


@pytest.mark.parametrize("form", FORMS)
def test_a_broken_price_file_ends_with_a_message(
    form: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    broken = tmp_path / "prices.yaml"
    broken.write_text(PRICE_FILE.read_text().replace("  alb.h:", "  alb.hour:"))
    monkeypatch.setattr("ops.cost.command.load_prices", lambda: load_prices(broken))
    message = error_of("--stack", "dev", form, monkeypatch=monkeypatch, capsys=capsys)
    assert "there is no entry alb.h" in message


def test_an_unreadable_price_list_ends_with_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    class WithoutCredentials:
        def get_products(self, **_: Any) -> None:
            raise NoCredentialsError

    monkeypatch.setattr("boto3.client", lambda *_, **__: WithoutCredentials())
    before = PRICE_FILE.read_text()
    message = error_of("--refresh-prices", monkeypatch=monkeypatch, capsys=capsys)
    assert "cannot be read" in message
    assert "pricing:GetProducts" in message
    assert PRICE_FILE.read_text() == before


def test_the_earlier_program_is_priced_with_its_own_settings(monkeypatch: pytest.MonkeyPatch, plans: Plans):
    [name, *_] = stacks(DEPLOYABLE)
    assert settings_at("HEAD", name) == load_settings(name, folder=DEPLOYABLE)
    monkeypatch.setattr("ops.cost.command.plan_at", lambda *_: plans("dev"))
    monkeypatch.setattr(compare, "settings_at", lambda _, name: load_settings(name))
    output = run("--stack", "dev", "--base", "HEAD")
    assert "no change" in output
    assert OLD in output
    found = json.loads(run("--stack", "dev", "--base", "HEAD", "--json"))
    assert (found["difference"], found["components"]) == ("0", {}) or Decimal(found["difference"]) == 0
