"""Pricers: for every type of resource that a stack declares, its lines or the reason why it is free."""

from ops.cost.pricers import compute, data, identity, logs, network, objects, security
from ops.cost.pricers.free import FREE

PRICERS = {
    **compute.PRICERS,
    **data.PRICERS,
    **identity.PRICERS,
    **logs.PRICERS,
    **network.PRICERS,
    **objects.PRICERS,
    **security.PRICERS,
}

__all__ = ["FREE", "PRICERS"]
