"""Entry point of the pack for Pulumi's engine: `pulumi preview --policy-pack policy`."""

from pulumi_policy import EnforcementLevel, PolicyPack

from hipaa import cache
from hipaa.pack import NAME, policies

cache.install()
PolicyPack(name=NAME, policies=policies(), enforcement_level=EnforcementLevel.MANDATORY)
