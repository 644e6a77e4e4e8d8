"""The scope of a stack, and its explicit providers: there is no default provider."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
import pulumi_docker_build as docker_build
import pulumi_random as random
import pulumi_tls as tls

from layout.lifecycle import Lifecycle, Retention
from layout.naming import Names
from settings import Account, Settings


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Names and tags, what the phase allows, log retention, and one explicit provider per package.

    Components decide by these, never by the name of the stack.
    """

    names: Names
    lifecycle: Lifecycle
    retention: Retention
    providers: tuple[pulumi.ProviderResource, ...] = ()


def account(settings: Settings) -> Scope:
    """Creates the providers, and returns the scope of the stack that `settings` describe.

    The AWS provider refuses to work in any account but `settings.account.id`, and tags whatever it creates.
    """
    return Scope(
        names=settings.names,
        lifecycle=settings.lifecycle,
        retention=settings.retention,
        providers=_providers(settings.account, settings.names),
    )


def _providers(settings: Account, names: Names) -> tuple[pulumi.ProviderResource, ...]:
    tags = aws.ProviderDefaultTagsArgs(tags=names.default_tags())
    return (
        aws.Provider("aws", region=settings.region, allowed_account_ids=[settings.id], default_tags=tags),
        awsx.Provider("awsx"),
        docker_build.Provider("docker-build"),  # awsx.ecr.Image declares a child of this package
        random.Provider("random"),
        tls.Provider("tls"),
    )
