"""Tags in the account's API: a teardown searches for everything that has the study's tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rehearsal.account.clients import Clients
from rehearsal.cloud.resources import Resource

Tags = Mapping[str, str]


def tag(aws: Clients, resource: Resource) -> None:
    """Set the tags of `resource`, default tags included, where its type is mirrored with tags."""
    tags = resource.outputs.get("tagsAll")
    if tags and (set_tags := TAGGERS.get(resource.type)):
        set_tags(aws, resource, tags)


def _pairs(tags: Tags, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def _tag_bucket(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.s3.put_bucket_tagging(Bucket=resource.outputs["bucket"], Tagging={"TagSet": _pairs(tags)})


def _tag_key(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.kms.tag_resource(KeyId=resource.id, Tags=_pairs(tags, "TagKey", "TagValue"))


def _tag_secret(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.secretsmanager.tag_resource(SecretId=resource.outputs["name"], Tags=_pairs(tags))


def _tag_log_group(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.logs.tag_log_group(logGroupName=resource.outputs["name"], tags=dict(tags))


def _tag_function(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.lambda_.tag_resource(Resource=resource.outputs["arn"], Tags=dict(tags))


def _tag_database(aws: Clients, resource: Resource, tags: Tags) -> None:
    aws.rds.add_tags_to_resource(ResourceName=resource.outputs["arn"], Tags=_pairs(tags))


TAGGERS: Mapping[str, Callable[[Clients, Resource, Tags], None]] = {
    "aws:s3/bucket:Bucket": _tag_bucket,
    "aws:kms/key:Key": _tag_key,
    "aws:secretsmanager/secret:Secret": _tag_secret,
    "aws:cloudwatch/logGroup:LogGroup": _tag_log_group,
    "aws:lambda/function:Function": _tag_function,
    "aws:rds/cluster:Cluster": _tag_database,
    "aws:rds/clusterInstance:ClusterInstance": _tag_database,
}
