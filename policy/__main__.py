"""Serves the pack to Pulumi's engine: `pulumi preview --policy-pack policy`."""

from pulumi_policy import EnforcementLevel, PolicyPack

from hipaa import once
from hipaa.pack import NAME, policies

once.install()
PolicyPack(name=NAME, policies=policies(), enforcement_level=EnforcementLevel.MANDATORY)
