"""Tags in the account's API: a teardown's proof asks for everything that has the study's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rehearsal.account.mirror import Clients
from rehearsal.cloud.folder import Resource

Tags = Mapping[str, str]


def tag(aws: Clients, resource: Resource) -> None:
    """Gives what is shown of `resource` its tags, the default ones included."""
    tags = resource.outputs.get("tagsAll")
    if tags and (give := TAGGERS.get(resource.type)):
        give(aws, resource, tags)


def _pairs(tags: Tags, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def _bucket(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.s3.put_bucket_tagging(Bucket=resource.outputs["bucket"], Tagging={"TagSet": _pairs(tags)})


def _key(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.kms.tag_resource(KeyId=resource.id, Tags=_pairs(tags, "TagKey", "TagValue"))


def _secret(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.secretsmanager.tag_resource(SecretId=resource.outputs["name"], Tags=_pairs(tags))


def _log_group(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.logs.tag_log_group(logGroupName=resource.outputs["name"], tags=dict(tags))


def _function(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.lambda_.tag_resource(Resource=resource.outputs["arn"], Tags=dict(tags))


def _database(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.rds.add_tags_to_resource(ResourceName=resource.outputs["arn"], Tags=_pairs(tags))


TAGGERS: Mapping[str, Callable[[Clients, Resource, Tags], None]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:kms/key:Key": _key,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:lambda/function:Function": _function,
    "aws:rds/cluster:Cluster": _database,
    "aws:rds/clusterInstance:ClusterInstance": _database,
}
