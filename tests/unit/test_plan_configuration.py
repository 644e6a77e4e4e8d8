"""Configuration of a stack, merged as the CLI merges it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.plan import PlanError
from ops.plan.configuration import configuration, encode_configuration, project_name, stacks

PROJECT = """
name: store
runtime: python
config:
  phase: active
  network: {default: {cidr: 10.0.0.0/16, zones: 2}}
  limit: {type: integer, default: 3}
  needed: {type: string}
  aws:region: {value: us-east-1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  store:network: {cidr: 10.1.0.0/16}\n  store:limit: 5\n")
    (tmp_path / "Pulumi.bare.yaml").write_text("encryptionsalt: v1:abc\n")
    return tmp_path


def test_defaults_of_the_project_fill_what_the_stack_leaves_out(folder: Path):
    assert configuration("bare", folder=folder) == {
        "store:phase": "active",
        "store:network": {"cidr": "10.0.0.0/16", "zones": 2},
        "store:limit": 3,
        "aws:region": "us-east-1",
    }


def test_the_stack_replaces_a_default_whole(folder: Path):
    merged = configuration("dev", folder=folder)
    assert merged["store:network"] == {"cidr": "10.1.0.0/16"}, "the CLI does not mix nested values"
    assert merged["store:limit"] == 5


def test_overrides_patch_nested_values(folder: Path):
    patch = {"network": {"zones": 3}, "limit": None, "aws:region": "eu-west-1", "new": {"a": {"b": 1, "c": None}}}
    merged = configuration("dev", patch, folder=folder)
    assert merged["store:network"] == {"cidr": "10.1.0.0/16", "zones": 3}
    assert "store:limit" not in merged
    assert (merged["aws:region"], merged["store:new"]) == ("eu-west-1", {"a": {"b": 1}})


def test_an_unknown_stack_is_refused_with_the_known_ones(folder: Path):
    with pytest.raises(PlanError, match=r"there is no stack 'live': Pulumi\.live\.yaml is missing.*bare, dev"):
        configuration("live", folder=folder)


def test_stacks_and_project_are_named_by_the_files(folder: Path):
    assert (stacks(folder), project_name(folder)) == (["bare", "dev"], "store")


def test_everything_reaches_the_program_as_text():
    values = {"a": "x", "b": True, "c": 3, "d": 0.5, "e": {"f": [1, True, None]}}
    assert encode_configuration(values) == (
        {"a": "x", "b": "true", "c": "3", "d": "0.5", "e": '{"f": [1, true, null]}'},
        [],
    )


def test_ciphertext_is_replaced_and_its_key_is_secret():
    values = {"a": {"secure": "v1:abc"}, "b": {"c": {"secure": "v1:def"}, "d": 1}, "e": [{"secure": "v1:g"}], "f": "x"}
    texts, secrets = encode_configuration(values)
    assert texts == {"a": "[secret]", "b": '{"c": "[secret]", "d": 1}', "e": '["[secret]"]', "f": "x"}
    assert secrets == ["a", "b", "e"]


@pytest.mark.parametrize(("text", "line"), [("config:\n\tstore:limit: 5\n", 2), ("config:\n  a: 1\n b: 2\n", 3)])
def test_a_file_that_is_not_yaml_is_an_error_with_its_line(folder: Path, text: str, line: int):
    (folder / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(PlanError, match=rf"Pulumi\.dev\.yaml, line {line}: not valid YAML"):
        configuration("dev", folder=folder)


SCALARS = """
config:
  store:day: 2026-12-01
  store:stamp: 2026-12-01T07:30:00Z
  store:group: {start: 2026-12-01, time: 07:30, noon: 12:30, off: off, yes: yes, t: TRUE, half: 0.5, one: 1.0, oct: 010,
    hex: 0x1F, under: 1_000, none: null, tilde: ~, exp: 1e3, ip: 1.2.3.4, negative: -2, quoted: "12"}
  store:num: 1.0
  store:off: off
  store:nothing:
  store:list: [2026-12-01, off, 12:30]
"""


def test_scalars_are_read_as_the_cli_reads_them(folder: Path):
    """Expected is what `pulumi config --json` (3.259) prints of this file."""
    (folder / "Pulumi.dev.yaml").write_text(SCALARS)
    texts, _ = encode_configuration(configuration("dev", folder=folder))
    assert json.loads(texts["store:group"]) == {
        "start": "2026-12-01 00:00:00 +0000 UTC",
        "time": "07:30",
        "noon": "12:30",
        "off": "off",
        "yes": "yes",
        "t": True,
        "half": 0.5,
        "one": 1,
        "oct": 8,
        "hex": 31,
        "under": 1000,
        "none": None,
        "tilde": None,
        "exp": 1000,
        "ip": "1.2.3.4",
        "negative": -2,
        "quoted": "12",
    }
    assert json.loads(texts["store:list"]) == ["2026-12-01 00:00:00 +0000 UTC", "off", "12:30"]
    rest = {key: texts[f"store:{key}"] for key in ("day", "stamp", "num", "off", "nothing")}
    assert rest == {
        "day": "2026-12-01 00:00:00 +0000 UTC",
        "stamp": "2026-12-01 07:30:00 +0000 UTC",
        "num": "1",
        "off": "off",
        "nothing": "",
    }
