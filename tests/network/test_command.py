"""The command `reachability`: the path or what stops it, the matrix, and what it cannot know."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from ops.deploy.reachability.command import reachability_command
from ops.plan import PlanError
from ops.plan.configuration import load_settings
from tests.network.findings import read
from tests.planned import plan
from tests.stack_files import FIXTURES


def run(*arguments: str) -> tuple[int, str]:
    command = typer.Typer()
    command.command()(reachability_command)
    done = CliRunner().invoke(command, ["--stack", "prod", *arguments])
    if isinstance(done.exception, PlanError):
        raise done.exception
    return done.exit_code, done.output


def test_an_open_connection_is_shown_hop_by_hop_forth_and_back():
    code, text = run("--from", "center:main-campus", "--to", "alb")
    assert code == 0
    assert "edge-alb-clients-172.20.0.0-16" in text
    assert "forward  acl            network-edge-acl: ingress 100" in text
    assert "return   route          network-edge-routes: vpn-edge-routes" in text
    assert "announce its networks" in text


def test_a_refused_connection_names_everything_that_stops_it():
    code, text = run("--from", "internet", "--to", "database")
    assert code == 2
    for name in ("no public address", "network-data-acl", "database-access", "network-data-routes"):
        assert name in text


def test_json_has_every_pair_of_zones():
    code, text = run("--from", "web", "--to", "app", "--port", "8042", "--json")
    (answer,) = json.loads(text)
    assert code == 0
    assert {(pair["from"][-1], pair["to"][-1]) for pair in answer["pairs"]} == {
        ("a", "a"),
        ("a", "b"),
        ("b", "a"),
        ("b", "b"),
    }


def test_without_endpoints_it_lists_what_is_open():
    code, text = run("--json")
    found = json.loads(text)
    assert code == 0
    assert {"from": "app", "to": "database", "port": 5432, "every pair": True, "listens": True} in found["open"]
    assert "10.30" not in str(found["endpoints"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "web"], "belong together"),
        (["--from", "web", "--to", "nowhere"], "no endpoint nowhere; there are: alb"),
        (["--from", "10.30.4", "--to", "web"], "neither a known endpoint nor an IPv4 address"),
    ],
)
def test_wrong_arguments_end_with_a_message(arguments: list[str], message: str):
    with pytest.raises(PlanError, match=message):
        run(*arguments)


def test_addresses_belong_to_what_they_are_in():
    network = read(plan("prod"), load_settings("prod", folder=FIXTURES))
    (center,) = network.ask("172.20.5.6", "alb", 443)
    (task,) = network.ask("10.30.4.77", "database", 5432)
    (stranger,) = network.ask("192.168.1.1", "alb", 443)
    assert center.open
    assert task.refused
    assert "not known" in task.notes[0]
    assert stranger.refused
