"""The account of a rehearsal that operators' tools talk to: a local AWS API that shows the simulated cloud."""

from rehearsal.account import data, services  # they register what they show
from rehearsal.account.mirror import Account

__all__ = ["Account", "data", "services"]
