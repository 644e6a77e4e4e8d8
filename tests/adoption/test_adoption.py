"""Whoever adopts the project edits stack files and nothing else: the fast tests pass, and the commands work."""

from __future__ import annotations

import pytest

from tests.adoption.checkout import Checkout, adopt_dev, adopt_prod

STACKS = ("dev", "prod")


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Another account, Region, study, network and center; and the documents about the stacks, written again."""
    made = Checkout(tmp_path_factory.mktemp("adopted"))
    made.edit("dev", adopt_dev)
    made.edit("prod", adopt_prod)
    made.commit()
    made.python("-m", "ops", "architecture", "--write")
    made.python("-m", "ops", "controls", "--write")
    return made


def test_the_fast_tests_pass(adopted: Checkout):
    done = adopted.run("make", "unit", "--old-file=setup", "PYTEST_ARGS=-n 2 --dist loadfile -p no:cacheprovider")
    assert " passed" in done.stdout


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_has_a_plan_in_its_own_account_and_region(adopted: Checkout, stack: str):
    text = adopted.python("-m", "ops", "plan", "--stack", stack, "--json").stdout
    assert "eu-central-1" in text
    for old in ("us-east-2", "octank", "111122223333", "444455556666"):
        assert old not in text, f"{old} is of the example study"


@pytest.mark.parametrize("stack", STACKS)
def test_prices_of_another_region_are_said_to_be_missing(adopted: Checkout, stack: str):
    done = adopted.python("-m", "ops", "cost", "--stack", stack, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "account.region is eu-central-1, but prices.yaml has the prices of us-east-1" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
