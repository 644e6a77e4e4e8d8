"""The clean program's data: buckets with inline settings, a database of another engine, backups and the trail."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.policy.foreign.clean_parts import ACCOUNT, TAGS, alarm, protect, service_role

ALARMS = {
    "sign-ins": '{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }',
    "root": '{ $.userIdentity.type = "Root" && $.eventType != "AwsServiceEvent" }',
    "acls": (
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry "
        "ReplaceNetworkAclAssociation"
    ),
    "gateways": (
        "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway "
        "DeleteInternetGateway DetachInternetGateway"
    ),
    "routes": (
        "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute "
        "DisassociateRouteTable"
    ),
    "networks": (
        "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection "
        "DeleteVpcPeeringConnection RejectVpcPeeringConnection"
    ),
}
"""Patterns of metric filters, or the event names for one."""


def bucket(name: str, on: pulumi.ResourceOptions, cmk: Any = None, logs: Any = None, **rest: Any) -> aws.s3.Bucket:
    """A bucket with inline settings in the deprecated spelling; settings without one are separate resources."""
    full = f"clinic-{ACCOUNT}-{name}"
    default: Any = {"sse_algorithm": "aws:kms", "kms_master_key_id": cmk.arn} if cmk else {"sse_algorithm": "AES256"}
    encryption: Any = {"apply_server_side_encryption_by_default": default, "bucket_key_enabled": bool(cmk)}
    lifecycle: Any = {
        "enabled": True,
        "abort_incomplete_multipart_upload_days": 3,
        "noncurrent_version_expiration": {"days": 400},
    }
    no_plain_http = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "*",
        "Resource": [f"arn:aws:s3:::{full}", f"arn:aws:s3:::{full}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }
    created = aws.s3.Bucket(
        name,
        bucket=full,
        versioning={"enabled": True},
        server_side_encryption_configuration={"rule": encryption},
        lifecycle_rules=[lifecycle],
        policy=json.dumps({"Version": "2012-10-17", "Statement": no_plain_http}),
        logging={"target_bucket": logs.bucket, "target_prefix": f"{name}/"} if logs else None,
        tags=TAGS,
        opts=protect(on),
        **rest,
    )
    aws.s3.BucketPublicAccessBlock(
        f"{name}-closed",
        bucket=created.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=on,
    )
    owner: Any = {"object_ownership": "BucketOwnerEnforced"}
    aws.s3.BucketOwnershipControls(f"{name}-owner", bucket=created.id, rule=owner, opts=on)
    aws.s3.BucketNotification(f"{name}-events", bucket=created.id, eventbridge=True, opts=on)
    return created


def storage(home: pulumi.ResourceOptions, away: pulumi.ResourceOptions, cmk: Any, there: Any) -> aws.s3.Bucket:
    """Images with a replica in another Region, and the target of access logs, which must use SSE-S3."""
    logs = bucket("deliveries", home)
    copies = bucket("scans-elsewhere", away, there, bucket("deliveries-elsewhere", away))
    role = service_role("copier", "s3", None, home)
    permissions = {
        "Effect": "Allow",
        "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket", "s3:GetObjectVersionForReplication"],
        "Resource": [f"arn:aws:s3:::clinic-{ACCOUNT}-dicom-scans", f"arn:aws:s3:::clinic-{ACCOUNT}-dicom-scans/*"],
    }
    policy = aws.iam.Policy(
        "copier", policy=json.dumps({"Version": "2012-10-17", "Statement": [permissions]}), tags=TAGS, opts=home
    )
    aws.iam.RolePolicyAttachment("copier-permissions", role=role.name, policy_arn=policy.arn, opts=home)
    rule: Any = {
        "id": "all",
        "status": "Enabled",
        "destination": {"bucket": copies.arn, "replica_kms_key_id": there.arn},
        "source_selection_criteria": {"sse_kms_encrypted_objects": {"enabled": True}},
    }
    bucket("dicom-scans", home, cmk, logs, replication_configuration={"role": role.arn, "rules": [rule]})
    return logs


def database(on: pulumi.ResourceOptions, cmk: Any, subnets: list[Any]) -> None:
    """Aurora MySQL with two instances, and a file system, both in a backup plan by tag."""
    names = aws.rds.SubnetGroup("records", subnet_ids=[one.id for one in subnets], tags=TAGS, opts=on)
    force_tls: Any = {"name": "require_secure_transport", "value": "ON"}
    parameters = aws.rds.ClusterParameterGroup(
        "records", family="aurora-mysql8.0", parameters=[force_tls], tags=TAGS, opts=on
    )
    monitor = service_role(
        "monitor", "monitoring.rds", "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole", on
    )
    cluster = aws.rds.Cluster(
        "records",
        engine="aurora-mysql",
        master_username="clinician",
        manage_master_user_password=True,
        master_user_secret_kms_key_id=cmk.arn,
        db_subnet_group_name=names.name,
        db_cluster_parameter_group_name=parameters.name,
        storage_encrypted=True,
        kms_key_id=cmk.arn,
        backup_retention_period=30,
        copy_tags_to_snapshot=True,
        deletion_protection=True,
        enabled_cloudwatch_logs_exports=["audit", "error"],
        iam_database_authentication_enabled=True,
        final_snapshot_identifier="records-last",
        tags=TAGS,
        opts=protect(on),
    )
    for number in ("first", "second"):
        aws.rds.ClusterInstance(
            f"records-{number}",
            cluster_identifier=cluster.cluster_identifier,
            engine=aws.rds.EngineType.AURORA_MYSQL,
            instance_class="db.r7g.large",
            publicly_accessible=False,
            monitoring_interval=15,
            monitoring_role_arn=monitor.arn,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=cmk.arn,
            tags=TAGS,
            opts=on,
        )
    aws.efs.FileSystem("letters", encrypted=True, kms_key_id=cmk.arn, tags=TAGS, opts=protect(on))
    vault = aws.backup.Vault("safe", name="clinic-safe", kms_key_arn=cmk.arn, tags=TAGS, opts=protect(on))
    aws.backup.VaultLockConfiguration("safe", backup_vault_name=vault.name, min_retention_days=35, opts=on)
    nightly: Any = {
        "rule_name": "nightly",
        "target_vault_name": vault.name,
        "schedule": "cron(15 1 * * ? *)",
        "lifecycle": {"delete_after": 90},
    }
    plan = aws.backup.Plan("nightly", name="clinic-nightly", rules=[nightly], tags=TAGS, opts=on)
    backup_policy = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    aws.backup.Selection(
        "tagged",
        name="tagged",
        plan_id=plan.id,
        iam_role_arn=service_role("saver", "backup", backup_policy, on).arn,
        selection_tags=[{"type": "STRINGEQUALS", "key": "backup", "value": "yes"}],
        opts=on,
    )


def records(on: pulumi.ResourceOptions, cmk: Any, topic: Any, logs: Any) -> None:
    """A multi-Region trail with basic selectors, a locked bucket and alarms."""
    locked: Any = {"default_retention": {"mode": "GOVERNANCE", "days": 2192}}
    records_bucket = bucket(
        "trail", on, cmk, logs, object_lock_configuration={"object_lock_enabled": "Enabled", "rule": locked}
    )
    group = aws.cloudwatch.LogGroup(
        "trail", name="/clinic/cloudtrail", retention_in_days=2557, kms_key_id=cmk.arn, tags=TAGS, opts=on
    )
    objects: Any = {
        "read_write_type": "All",
        "include_management_events": True,
        "data_resources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}],
    }
    aws.cloudtrail.Trail(
        "everything",
        s3_bucket_name=records_bucket.bucket,
        is_multi_region_trail=True,
        enable_log_file_validation=True,
        kms_key_id=cmk.arn,
        cloud_watch_logs_group_arn=pulumi.Output.concat(group.arn, ":*"),
        cloud_watch_logs_role_arn=service_role("trail", "cloudtrail", None, on).arn,
        event_selectors=[objects],
        tags=TAGS,
        opts=protect(on),
    )
    for name, events in ALARMS.items():
        either = " || ".join(f"($.eventName = {event})" for event in events.split())
        aws.cloudwatch.LogMetricFilter(
            f"trail-{name}",
            log_group_name=group.name,
            pattern=events if events.startswith("{") else f"{{ {either} }}",
            metric_transformation={"name": name, "namespace": "Clinic", "value": "1"},
            opts=on,
        )
        alarm(f"trail-{name}", "Clinic", name, topic, on)
