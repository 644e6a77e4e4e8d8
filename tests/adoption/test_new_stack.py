"""A stack is added by its file: copied from another one, renamed, and deployed without a change of code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.stack.driver import Rehearsal
from tests.adoption.checkout import Checkout

NEW = "staging"


def rename(settings: dict[str, Any]) -> None:
    """What a newcomer changes in the copy of dev's file."""
    settings["environment"] = NEW
    settings["network"]["cidr"] = "10.25.0.0/20"
    settings["dns"]["name"] = "images-staging.octank.example"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("staging"))
    made.edit("dev", rename, new=NEW)
    return made


def deploy(checkout: Checkout, folder: Path) -> Rehearsal:
    return Rehearsal(NEW, folder=folder, program=checkout.folder).start_over()


def test_waivers_of_the_copied_stack_are_asked_for(checkout: Checkout, tmp_path: Path):
    refused = deploy(checkout, tmp_path / NEW).preview(check=False)
    assert refused.exit_code != 0
    messages = [" ".join(one.message.split()) for one in refused.violations]
    for rule in ("NET-07", "LB-06", "LOG-02", "SEC-01"):
        asked = [
            f"add {NEW} to the stacks of its waiver in waivers.yaml" in one for one in messages if f"{rule}: " in one
        ]
        assert asked, f"{rule} is not violated: {messages}"
        assert all(asked), messages


def test_a_copied_stack_is_deployed_previewed_and_destroyed(checkout: Checkout, tmp_path: Path):
    waivers = checkout.folder / "policy" / "waivers.yaml"
    waivers.write_text(waivers.read_text().replace("stacks: [dev", f"stacks: [{NEW}, dev"))
    rehearsal = deploy(checkout, tmp_path / NEW)
    rehearsal.up()
    rehearsal.preview(expect_no_changes=True)
    refused = rehearsal.destroy(check=False)
    assert "protect" in refused.message
    rehearsal.env["HIPAA_WAIVERS"] = f"{waivers}:{waivers.with_name('waivers-closing.yaml')}"
    for phase in ("closing", "archived"):
        rehearsal.configure({"image-store:phase": phase})
        rehearsal.up()
    rehearsal.destroy()
    assert rehearsal.resources() == []
