"""Cases of the lifecycle rules."""

import json
from dataclasses import replace
from typing import Any

from hipaa import types
from hipaa.checks.lifecycle import AWS_PROVIDER
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

DEFAULTS = {"project": "study", "env": "prod", "expiry": "2027-12-01"}
OWN = {"data-classification": "phi"}
ALL = {**DEFAULTS, **OWN}
SUBSCRIPTION = resource("aws:sns/topicSubscription:TopicSubscription", "subscription")


def provider(name: str = "aws", tags: Any = DEFAULTS) -> Resource:
    """A provider as the engine keeps it: settings are JSON."""
    return resource(AWS_PROVIDER, name, defaultTags=json.dumps({"tags": tags}))


def bucket(by: Resource | None = None, **properties: Any) -> Resource:
    return replace(resource(types.BUCKET, "bucket", **properties), provider=by.urn if by else "")


CASES = {
    "OWN-06": Cases(
        passes=(
            (resource(types.BUCKET, protect=True),),
            (resource(types.RDS_CLUSTER, protect=True, deletionProtection=True),),
            (resource(types.BUCKET, stack="dev"),),
            (resource(types.LOG_GROUP),),
        ),
        fails=(
            (resource(types.BUCKET),),
            (resource(types.KEY),),
            (resource(types.VAULT),),
            (resource(types.TRAIL),),
            (resource(types.RDS_CLUSTER, deletionProtection=True),),
            (resource(types.RDS_CLUSTER, protect=True, deletionProtection=False),),
            (resource(types.INSTANCE, protect=True),),
        ),
        absent=(resource(types.RDS_CLUSTER, protect=True),),
        unknown=(resource(types.RDS_CLUSTER, protect=True, deletionProtection=UNKNOWN),),
        other=(resource(types.SUBNET),),
    ),
    "OWN-07": Cases(
        passes=(
            (bucket(tags=ALL),),
            (bucket(tags={**ALL, "expiry": UNKNOWN}),),
            (bucket(tags=OWN, tagsAll=ALL),),
            (provider(), bucket(tags=OWN)),
            (provider(), bucket(provider(), tags=OWN, tagsAll=UNKNOWN)),
            (provider(), provider("other", {}), bucket(provider(), tags=OWN)),
            (provider("default_7_51_1"), provider("other", {}), bucket(tags=OWN)),
            (resource(AWS_PROVIDER, "aws", defaultTags={"tags": DEFAULTS}), bucket(tags=OWN)),
            (provider(tags=ALL), bucket()),
            (resource("aws:autoscaling/group:Group", tags=[{"key": k, "value": v} for k, v in ALL.items()]),),
        ),
        fails=(
            (bucket(tags=OWN),),
            (bucket(tags=DEFAULTS),),
            (bucket(tags={**ALL, "expiry": ""}),),
            (provider(), bucket(tags=OWN, tagsAll=OWN)),
            (provider(), provider("other", {}), bucket(provider("other"), tags=OWN)),
            (provider("default_7_51_1", {}), provider("other"), bucket(tags=OWN)),
            (provider(), resource("aws:ec2/eip:Eip", tags={"Name": "address"})),
            (resource(AWS_PROVIDER, "aws", defaultTags="no JSON"), bucket(tags=OWN)),
        ),
        absent=(bucket(),),
        unknown=(
            resource(AWS_PROVIDER, "unknown", defaultTags=UNKNOWN),
            bucket(resource(AWS_PROVIDER, "unknown"), tags=OWN),
            resource(types.TOPIC, tags=UNKNOWN),
        ),
        other=(
            SUBSCRIPTION,
            resource("random:index/randomId:RandomId"),
            resource("other:index:Resource", tags={"a": "b"}),
        ),
    ),
}
