"""Cases of the rules for logs, alarms and the audit trail."""

from typing import Any

from hipaa import types
from hipaa.checks.logs.logging_alarms import EVENTS
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

KEY = "arn:aws:kms:us-east-1:111122223333:key/1"
GROUP_ARN = "arn:aws:logs:us-east-1:111122223333:log-group:trail"
VPC = (resource(types.VPC, "vpc"),)
GROUP = resource(types.LOG_GROUP, "records")


def group(name: str = "it", **properties: Any) -> tuple[Resource, ...]:
    return (resource(types.LOG_GROUP, name, **properties),)


def alarm(**properties: Any) -> tuple[Resource, ...]:
    both: dict[str, Any] = {"alarmActions": [UNKNOWN], "insufficientDataActions": [UNKNOWN]}
    return (resource(types.METRIC_ALARM, **{**both, **properties}),)


def trail(**properties: Any) -> tuple[Resource, ...]:
    return (resource(types.TRAIL, **properties),)


def field(name: str, **ways: Any) -> dict[str, Any]:
    return {"field": name, **ways}


def trail_with_fields(*more: Any, kind: str = "AWS::S3::Object", category: str = "Data") -> tuple[Resource, ...]:
    fields = [field("eventCategory", equals=[category]), field("resources.type", equals=[kind]), *more]
    management = {"fieldSelectors": field("eventCategory", equals=["Management"])}
    return trail(advancedEventSelectors=[management, {"fieldSelectors": fields}])


def basic(values: Any, **more: Any) -> tuple[Resource, ...]:
    return trail(eventSelectors=[{"dataResources": [{"type": "AWS::S3::Object", "values": values}], **more}])


def arn_field(arn: Any, way: str = "startsWiths") -> dict[str, Any]:
    return field("resources.ARN", **{way: [arn]})


def filters_and_alarms(pattern: str | None = None, *, has_alarm: bool = True, **place: Any) -> tuple[Resource, ...]:
    """A metric filter and its alarm for each kind of event; `pattern` replaces the one for gateways."""
    resources: list[Resource] = []
    on: dict[str, Any] = place or {"refers": {"logGroupName": GROUP}, "logGroupName": UNKNOWN}
    for position, (events, words) in enumerate(EVENTS.items()):
        text = " || ".join(f'($.eventName = "{word}")' for word in sorted(words))
        chosen = pattern if pattern is not None and events == "changes to gateways" else f"{{ {text} }}"
        counted = {"name": str(position), "namespace": "audit", "value": "1"}
        resources.append(
            resource(
                types.LOG_METRIC_FILTER,
                f"filter-{position}",
                **on,
                pattern=chosen,
                metricTransformation=counted,
            )
        )
        name = str(position) if has_alarm or position else "another"
        resources.append(resource(types.METRIC_ALARM, f"alarm-{position}", metricName=name, namespace="audit"))
    return tuple(resources)


LINKED = resource(types.TRAIL, refers={"cloudWatchLogsGroupArn": GROUP}, cloudWatchLogsGroupArn=UNKNOWN)
BY_ARN = trail(cloudWatchLogsGroupArn=f"{GROUP_ARN}:*")
IN_EXPRESSION = tuple(
    resource(one.type, one.name, metricQueries=[{"metric": dict(one.properties)}, {"expression": "m1"}])
    if one.type == types.METRIC_ALARM
    else one
    for one in filters_and_alarms()
)

CASES = {
    "LOG-01": Cases(
        passes=(group(kmsKeyId=KEY),),
        fails=(group(kmsKeyId=""),),
        absent=group(),
        unknown=group(kmsKeyId=UNKNOWN),
        other=VPC,
    ),
    "LOG-02": Cases(
        passes=(
            group(retentionInDays=365.0),
            group(retentionInDays="400"),
            group(retentionInDays=0),
            group("audit", retentionInDays=2192),
            group("audit", retentionInDays=0),
        ),
        fails=(
            group(retentionInDays=364),
            group(retentionInDays="soon"),
            group("audit", retentionInDays=365),
            group(name="it", retentionInDays=400, tags={"data-classification": "audit"}),
            group(namePrefix="/aws/CloudTrail", retentionInDays=1827),
        ),
        absent=group(),
        unknown=group(retentionInDays=UNKNOWN),
        other=VPC,
    ),
    "LOG-03": Cases(
        passes=(alarm(), alarm(actionsEnabled=True), alarm(alarmActions=["arn:aws:sns:us-east-1:111122223333:alarms"])),
        fails=(alarm(alarmActions=[]), alarm(insufficientDataActions=None), alarm(actionsEnabled=False)),
        absent=(resource(types.METRIC_ALARM),),
        unknown=alarm(alarmActions=UNKNOWN, actionsEnabled=UNKNOWN),
        other=VPC,
    ),
    "LOG-04": Cases(
        passes=(
            (GROUP, LINKED, *filters_and_alarms()),
            (*BY_ARN, *filters_and_alarms(logGroupName="trail")),
            (resource(types.LOG_GROUP, "records", arn=GROUP_ARN), *BY_ARN, *filters_and_alarms()),
            (GROUP, LINKED, *IN_EXPRESSION),
        ),
        fails=(
            (GROUP, LINKED),
            (GROUP, LINKED, *filters_and_alarms(pattern="{ $.eventName = CreateInternetGateway }")),
            (GROUP, LINKED, *filters_and_alarms(has_alarm=False)),
            (*BY_ARN, *filters_and_alarms(logGroupName="another")),
            (
                GROUP,
                resource(types.LOG_GROUP, "another"),
                trail(cloudWatchLogsGroupArn=f"{GROUP_ARN}:*")[0],
                *filters_and_alarms(),
            ),
        ),
        absent=(GROUP, LINKED, *filters_and_alarms(pattern="")),
        unknown=(*trail(cloudWatchLogsGroupArn=UNKNOWN), *filters_and_alarms()),
        other=(GROUP, *trail(), *filters_and_alarms()),
    ),
    "CT-01": Cases(
        passes=(trail(isMultiRegionTrail=True), trail(isMultiRegionTrail=True, enableLogging=True)),
        fails=(trail(isMultiRegionTrail=False), trail(isMultiRegionTrail=True, enableLogging=False)),
        absent=trail(),
        unknown=trail(isMultiRegionTrail=UNKNOWN, enableLogging=UNKNOWN),
        other=VPC,
    ),
    "CT-02": Cases(
        passes=(trail(cloudWatchLogsGroupArn=f"{GROUP_ARN}:*", cloudWatchLogsRoleArn=UNKNOWN),),
        fails=(
            trail(cloudWatchLogsGroupArn=GROUP_ARN, cloudWatchLogsRoleArn=UNKNOWN),
            trail(cloudWatchLogsGroupArn=f"{GROUP_ARN}:*"),
            trail(cloudWatchLogsRoleArn=UNKNOWN),
        ),
        absent=trail(),
        unknown=trail(cloudWatchLogsGroupArn=UNKNOWN, cloudWatchLogsRoleArn=UNKNOWN),
        other=VPC,
    ),
    "CT-03": Cases(
        passes=(trail(kmsKeyId=KEY),),
        fails=(trail(kmsKeyId=""),),
        absent=trail(),
        unknown=trail(kmsKeyId=UNKNOWN),
        other=VPC,
    ),
    "CT-04": Cases(
        passes=(trail(enableLogFileValidation=True),),
        fails=(trail(enableLogFileValidation=False),),
        absent=trail(),
        unknown=trail(enableLogFileValidation=UNKNOWN),
        other=VPC,
    ),
    "CT-05": Cases(
        passes=(
            trail_with_fields(),
            trail_with_fields(field("eventSource", equals=["s3.amazonaws.com"])),
            trail_with_fields(arn_field("arn:aws:s3:::study-images-0/")),
            trail_with_fields(arn_field(UNKNOWN)),
            trail_with_fields(arn_field("arn:aws:s3:::")),
            trail_with_fields(arn_field("arn:aws:s3:::logs-0/", "notStartsWiths")),
            basic(["arn:aws:s3"]),
            basic(["arn:aws:s3:::images/"], readWriteType="All"),
        ),
        fails=(
            trail_with_fields(field("readOnly", equals=["true"])),
            trail_with_fields(field("eventName", equals=["PutObject"])),
            trail_with_fields(arn_field("arn:aws:s3:::archive-0/")),
            trail_with_fields(arn_field("arn:aws:s3:::images/", "notStartsWiths")),
            trail_with_fields(kind="AWS::Lambda::Function"),
            trail_with_fields(category="Management"),
            basic(["arn:aws:s3"], readWriteType="WriteOnly"),
            basic(["arn:aws:s3:::archive-0/"]),
            trail(advancedEventSelectors=[]),
        ),
        absent=trail(),
        unknown=trail(advancedEventSelectors=UNKNOWN),
        other=VPC,
    ),
}
