"""docs/controls.md is what the regulation, the rules, the plans and the waivers say, and each paragraph has an answer."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections import Counter
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import __main__
from ops.docs import controls
from ops.docs.controls import ControlsError, cell, document, matrix
from ops.docs.document import difference, documented_stacks
from ops.docs.matrix import Matrix
from ops.plan import PROJECT, Plan
from ops.review.policies import Rule, Waiver, rules, waivers
from tests.conftest import Plans
from tests.stack_files import DEPLOYABLE
from tests.unit.contracts import runbooks

APPENDIX_A = {
    "164.308": {"standard": 10, "required": 10, "addressable": 11},
    "164.310": {"standard": 4, "required": 2, "addressable": 6},
    "164.312": {"standard": 5, "required": 2, "addressable": 5},
    "164.316": {"standard": 2, "required": 3},
}
"""Standards and specifications of the regulation, counted in its text and in Appendix A to Subpart C of Part 164."""

CITATION = re.compile(r"164\.3\d\d\([a-e]\)(\(\d\)(\([iv]+\)(\([A-E]\))?)?)?")

WAIVED = Waiver(
    rule="S3-09",
    resources=("storage-access-logs-bucket",),
    stacks=("prod", "dev"),
    reason="Log delivery | of AWS",
    approver="security official",
    expires=date(2027, 12, 31),
)


@pytest.fixture(scope="module")
def both(plans: Plans) -> dict[str, Plan]:
    return {stack: plans(stack) for stack in documented_stacks()}


@pytest.fixture(scope="module")
def made(both: dict[str, Plan]) -> Matrix:
    return matrix(both, rules(), waivers(controls.WAIVERS).entries)


def edit_control(code: str, **changes: Any) -> dict[str, Rule]:
    """The rules, one of them changed."""
    return {**rules(), code: dataclasses.replace(rules()[code], **changes)}


def rows(text: str, heading: str) -> list[list[str]]:
    """Cells of the rows of the tables below a heading of level two."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = [line for line in section.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]] for line in found]


def test_the_document_is_up_to_date(deployable: Plans):
    plans = {stack: deployable(stack) for stack in documented_stacks(DEPLOYABLE)}
    made = matrix(plans, rules(), waivers(controls.WAIVERS).entries)
    assert not difference(controls.DOCUMENT, document(made)), "python -m ops controls --write"


def test_the_list_is_the_regulations(made: Matrix):
    counted = Counter((one.section, str(one.level)) for one in made.paragraphs)
    expected = {(section, level): number for section, levels in APPENDIX_A.items() for level, number in levels.items()}
    assert {key: number for key, number in counted.items() if key[0] in APPENDIX_A} == expected
    citations = [one.citation for one in made.paragraphs]
    assert [one for one in citations if not CITATION.fullmatch(one)] == []


def test_every_rule_stands_where_it_cites_and_nowhere_else(made: Matrix):
    cited = {(code, citation) for code, rule in rules().items() for citation in rule.citations}
    shown = {
        (code, row[0])
        for row in rows(document(made), "Paragraphs")
        for code in re.findall(r"\[([A-Z0-9]+-\d+)\]", row[4])
    }
    assert shown == cited


def test_every_rule_is_described_once_below_its_heading(made: Matrix):
    headings = ("Rules that a preview checks", "Rules without a citation", "Processes")
    text = document(made)
    described = {heading: re.findall(r'<a id="([^"]+)">', str(rows(text, heading))) for heading in headings}
    expected: dict[str, list[str]] = {heading: [] for heading in headings}
    for code, rule in sorted(rules().items()):
        heading = headings[2] if rule.scope == "process" else headings[0] if rule.citations else headings[1]
        expected[heading].append(code.lower())
    assert described == expected
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= {anchor for found in described.values() for anchor in found}


def test_a_citation_that_the_pack_chose_is_marked(made: Matrix):
    marked = {code for one in made.paragraphs for code in one.related}
    assert marked == {code for code, rule in rules().items() if rule.related}
    assert "[ACC-04](#acc-04)†" in document(made)
    assert "[CT-01](#ct-01)†" not in document(made)


def test_every_paragraph_has_an_answer(made: Matrix):
    assert [one.citation for one in made.paragraphs if not one.answered] == []
    assert sum(made.answers().values()) == len(made.paragraphs)
    for one in made.paragraphs:
        assert one.answered.startswith("the pack") is (bool(one.checked) and one.by != "none"), one.citation


def test_commands_exist(made: Matrix):
    text = document(made)
    assert runbooks.problems("controls.md", text) == []
    kept = "\n".join(control.command for control in made.controls)
    assert runbooks.problems("controls.yaml", f"```sh\n{kept}\n```\n") == []
    assert len(list(runbooks.commands(text))) > 35


def test_no_command_is_left_over(made: Matrix):
    used = {control.command for control in made.controls}
    commands = controls.data()["commands"]
    assert {*commands["rules"].values(), *commands["types"].values()} == used - {""}


def test_linked_files_exist(made: Matrix):
    text = document(made)
    linked = set(re.findall(r"\]\(((?:\.\./)?[a-z]+/[^)]+)\)", text))
    named = set(re.findall(r"(?<!ops/)docs/[a-z/-]+(?:\.md)?", text))
    assert linked
    assert [path for path in linked if not (PROJECT / "docs" / path).exists()] == []
    assert [path for path in named if not (PROJECT / path).exists()] == []


def test_resources_are_those_of_the_plan(made: Matrix, both: dict[str, Plan]):
    keys = next(control for control in made.controls if control.code == "KMS-01")
    for stack, plan in both.items():
        names = sorted(key.name for key in plan.of_type("aws:kms/key:Key"))
        read = keys.resources[stack] or {}
        assert sorted(name for found in read.values() for name in found) == names
        assert "keys" in read


def test_a_rule_for_production_does_not_hold_elsewhere(made: Matrix):
    unheld = {control.code for control in made.controls if control.resources["dev"] is None}
    assert unheld == {code for code, rule in rules().items() if rule.production}
    assert [control.code for control in made.controls if control.resources["prod"] is None] == []


def test_every_stack_has_a_column(both: dict[str, Plan]):
    assert "| checks in staging |" in document(matrix({**both, "staging": both["dev"]}, rules())).replace(
        "reads", "checks"
    )


def test_a_resource_more_is_counted(made: Matrix, both: dict[str, Plan]):
    key = both["prod"].of_type("aws:kms/key:Key")[0]
    more = dataclasses.replace(key, urn=f"{key.urn}-more", name=f"{key.name}-more")
    plan = dataclasses.replace(both["prod"], resources=(*both["prod"].resources, more))
    assert document(matrix({**both, "prod": plan}, rules())) != document(matrix(both, rules()))


def test_a_removed_rule_is_noticed(both: dict[str, Plan], made: Matrix):
    fewer = {code: rule for code, rule in rules().items() if code != "NET-03"}
    assert "NET-03" not in document(matrix(both, fewer))
    assert document(matrix(both, fewer)) != document(made)


def test_a_changed_title_or_severity_is_noticed(both: dict[str, Plan], made: Matrix):
    now = document(made)
    assert document(matrix(both, edit_control("NET-03", title="No SSH"), made.waivers)) != now
    assert document(matrix(both, edit_control("NET-03", severity="advisory"), made.waivers)) != now


@pytest.mark.parametrize(
    ("code", "changes", "problem"),
    [
        ("NET-03", {"hipaa": ("164.312(z)(1)",)}, r"NET-03 cites 164\.312\(z\)\(1\), which is missing"),
        ("NET-03", {"scope": "process"}, "NET-03: a process, and nobody answers for it"),
        ("NET-09", {"scope": "stack"}, "NET-09: there is no such process"),
        ("S3-04", {"sources": {}}, "S3-04: nothing shows after deployment that it is kept"),
    ],
)
def test_a_rule_that_does_not_fit_is_an_error(both, code, changes, problem):
    with pytest.raises(ControlsError, match=problem):
        matrix(both, edit_control(code, **changes))


def test_a_process_that_is_gone_is_an_error(both: dict[str, Plan]):
    with pytest.raises(ControlsError, match="KMS-02: there is no such process"):
        matrix(both, {code: rule for code, rule in rules().items() if code != "KMS-02"})


@pytest.mark.parametrize(
    ("citation", "changes", "problem"),
    [
        ("164.308(a)(2)", {"by": None, "evidence": ""}, r"164\.308\(a\)\(2\): no rule .* nobody answers"),
        ("164.308(a)(8)", {"by": None, "evidence": ""}, r"164\.308\(a\)\(8\): no rule that a preview checks"),
        ("164.308(a)(2)", {"by": "somebody"}, r"given: 'somebody'"),
        ("164.308(a)(2)", {"evidence": ""}, r"164\.308\(a\)\(2\): by is one of"),
        ("164.308(a)(2)", {"level": "optional"}, r"'optional' is no level"),
        ("164.308(a)(2)", {"citation": "164.310(b)"}, r"164\.310\(b\) is there 2 times"),
    ],
)
def test_an_entry_that_does_not_fit_is_an_error(both, citation, changes, problem):
    content = copy.deepcopy(controls.data())
    (entry,) = [one for section in content["sections"] for one in section["paragraphs"] if one["citation"] == citation]
    entry.update(changes)
    with pytest.raises(ControlsError, match=problem):
        matrix(both, rules(), content=content)


def test_a_waiver_is_shown(both: dict[str, Plan]):
    text = document(matrix(both, rules(), [WAIVED]))
    assert "Waivers: 1." in text
    (waiver,) = [row for row in rows(text, "Summary") if "S3-09" in row[0]]
    assert waiver[:4] == ["[S3-09](#s3-09)", "`storage-access-logs-bucket`", "prod, dev", r"Log delivery \| of AWS"]
    (rule,) = [row for row in rows(text, "Rules that a preview checks") if "S3-09" in row[0]]
    assert "**Waived:** `storage-access-logs-bucket` in prod, dev" in rule[2]


def test_tables_have_as_many_cells_in_every_row(both: dict[str, Plan]):
    width = 0
    for line in document(matrix(both, rules(), [WAIVED])).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not cells or not width or cells == width, line
        width = cells


def test_text_in_a_cell_is_shown_as_it_is():
    assert cell("a|b *c* <d> `e_f <g> | h`") == r"a\|b \*c\* \<d> `e_f <g> \| h`"


def test_the_command_line(tmp_path, monkeypatch, made: Matrix):
    old = tmp_path / "controls.md"
    monkeypatch.setattr(controls, "DOCUMENT", old)
    monkeypatch.setattr(controls, "current", lambda: made)
    runner = CliRunner()
    assert runner.invoke(__main__.app, ["controls", "--check"]).exit_code == 1
    old.write_text("# Old\n")
    failed = runner.invoke(__main__.app, ["controls", "--check"])
    assert failed.exit_code == 1
    assert "-# Old" in failed.output
    assert "python -m ops controls --write" in failed.output
    assert runner.invoke(__main__.app, ["controls", "--write"]).exit_code == 0
    assert runner.invoke(__main__.app, ["controls", "--check"]).exit_code == 0
    assert runner.invoke(__main__.app, ["controls"]).output == document(made)


def test_json_holds_everything(monkeypatch, both: dict[str, Plan]):
    monkeypatch.setattr(controls, "current", lambda: matrix(both, rules(), [WAIVED]))
    printed = json.loads(CliRunner().invoke(__main__.app, ["controls", "--json"]).output)
    found = {rule["code"]: rule for rule in printed["rules"]}
    assert found.keys() == rules().keys()
    assert found["S3-09"]["waivers"][0]["expires"] == "2027-12-31"
    assert "storage-images-bucket" in found["OWN-06"]["resources"]["prod"]["storage"]
    assert {one["citation"] for one in printed["paragraphs"]} >= {"164.316(a)", "164.312(e)(2)(ii)"}
