"""Which AWS account and Region the stack may touch, and by which providers: none is ever chosen by default."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
import pulumi_random as random
import pulumi_tls as tls

from components.core.base import Scope
from settings import Account


def account(settings: Account, scope: Scope) -> pulumi.ResourceOptions:
    """Options that bind a component to one explicit provider per package.

    The AWS provider refuses to work in any account but `settings.id`, and tags whatever it creates.
    """
    tags = aws.ProviderDefaultTagsArgs(tags=scope.names.default_tags())
    providers: list[pulumi.ProviderResource] = [
        aws.Provider("aws", region=settings.region, allowed_account_ids=[settings.id], default_tags=tags),
        awsx.Provider("awsx"),
        random.Provider("random"),
        tls.Provider("tls"),
    ]
    return pulumi.ResourceOptions(providers=providers)
