"""Pricers of people who sign in, and of tokens that centers request."""

from __future__ import annotations

from decimal import Decimal

from ops.cost.errors import CostError
from ops.cost.pricers.bill import Bill, Free, Pricer, PricerResult
from ops.cost.usage.workload import HOURS_MONTH
from ops.plan.resources import PlannedResource

MINUTES = {"minutes": Decimal(1), "hours": Decimal(60), "days": Decimal(1440)}


def pool(bill: Bill, resource: PlannedResource) -> PricerResult:
    """People who sign in, without the free allowance of small pools."""
    tier = resource.inputs.get("userPoolTier", "ESSENTIALS")
    if tier != "ESSENTIALS":
        raise CostError(f"{resource.name}: there is no price for people in a pool of tier {tier}")
    return [bill.line(resource, "cognito.essentials.mau", "people who sign in", bill.usage.people, kind="usage")]


def client(bill: Bill, resource: PlannedResource) -> PricerResult:
    """Tokens of a center: a new one each time the previous one expires, all month."""
    if "client_credentials" not in (resource.inputs.get("allowedOauthFlows") or ()):
        return Free("sign-in of people is billed at the pool")
    unit = (resource.inputs.get("tokenValidityUnits") or {}).get("accessToken", "hours")
    minutes = Decimal(str(resource.inputs.get("accessTokenValidity") or 1)) * MINUTES[unit]
    tokens = HOURS_MONTH * 60 / minutes
    return [bill.line(resource, "cognito.m2m.k", "tokens of a center", tokens / 1000, kind="usage")]


PRICERS: dict[str, Pricer] = {
    "aws:cognito/userPool:UserPool": pool,
    "aws:cognito/userPoolClient:UserPoolClient": client,
}
