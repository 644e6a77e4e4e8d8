"""A clinic's portal that passes every rule, with other spellings, architecture and tags than this project.

Its data are in clean_data.py. It needs no waivers; its production stack is called `production`.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.policy.foreign.clean_data import database, records, storage
from tests.policy.foreign.clean_parts import ACCOUNT, TAGS, alarm, key, protect, service_role

CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/6b5a4c3d-1e2f-4a5b-8c7d-9e0f1a2b3c4d"
CREDENTIAL = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:clinic/portal-AbCdEf"


def program() -> None:
    """Declares all resources."""
    home = pulumi.ResourceOptions(provider=aws.Provider("virginia", region="us-east-1", allowed_account_ids=[ACCOUNT]))
    away = pulumi.ResourceOptions(provider=aws.Provider("ohio", region="us-east-2", allowed_account_ids=[ACCOUNT]))
    cmk = key("clinic", home)
    topic = aws.sns.Topic("pager", kms_master_key_id=cmk.id, tags=TAGS, opts=home)
    logs = storage(home, away, cmk, key("clinic-copies", away))
    subnets, inside = network(home, logs)
    rotator(home, cmk, subnets, inside, topic)
    portal(home, cmk, subnets, inside, logs)
    database(home, cmk, subnets)
    records(home, cmk, topic, logs)


def network(on: pulumi.ResourceOptions, logs: aws.s3.Bucket) -> tuple[list[aws.ec2.Subnet], aws.ec2.SecurityGroup]:
    """Private subnets without an internet route; security group rules use the older type."""
    vpc = aws.ec2.Vpc("clinic", cidr_block="172.20.0.0/16", enable_dns_hostnames=True, tags=TAGS, opts=on)
    aws.ec2.FlowLog(
        "clinic-flows", vpc_id=vpc.id, traffic_type="ALL", log_destination_type="s3", log_destination=logs.arn, opts=on
    )
    aws.ec2.DefaultSecurityGroup("clinic-default", vpc_id=vpc.id, tags=TAGS, opts=on)
    table = aws.ec2.RouteTable("inner", vpc_id=vpc.id, routes=[], tags=TAGS, opts=on)
    subnets = []
    for zone in (1, 2):
        subnet = aws.ec2.Subnet(
            f"inner-{zone}",
            vpc_id=vpc.id,
            cidr_block=f"172.20.{zone}.0/24",
            availability_zone_id=f"use1-az{zone}",
            map_public_ip_on_launch=False,
            tags=TAGS,
            opts=on,
        )
        aws.ec2.RouteTableAssociation(f"inner-{zone}-table", subnet_id=subnet.id, route_table_id=table.id, opts=on)
        subnets.append(subnet)
    group = aws.ec2.SecurityGroup("inside", vpc_id=vpc.id, description="Within the portal", tags=TAGS, opts=on)
    for direction in ("ingress", "egress"):
        aws.ec2.SecurityGroupRule(
            f"inside-{direction}",
            type=direction,
            protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_blocks=["172.20.0.0/16"],
            security_group_id=group.id,
            description="TLS within the network",
            opts=on,
        )
    entry: Any = {"protocol": "tcp", "rule_no": 10, "action": "allow", "cidr_block": "172.20.0.0/16"}
    aws.ec2.NetworkAcl(
        "inner-acl", vpc_id=vpc.id, ingress=[{**entry, "from_port": 0, "to_port": 65535}], tags=TAGS, opts=on
    )
    aws.ec2.VpcEndpoint(
        "to-s3",
        vpc_id=vpc.id,
        service_name="com.amazonaws.us-east-1.s3",
        route_table_ids=[table.id],
        tags=TAGS,
        opts=on,
    )
    for service in ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "kms"):
        aws.ec2.VpcEndpoint(
            f"to-{service}",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.us-east-1.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[group.id],
            private_dns_enabled=True,
            tags=TAGS,
            opts=on,
        )
    return subnets, group


def rotator(on: pulumi.ResourceOptions, cmk: Any, subnets: list[Any], group: Any, topic: Any) -> None:
    """A function in the VPC with a dead-letter queue; it rotates the portal's credential."""
    queue = aws.sqs.Queue("unworked", kms_master_key_id=cmk.id, tags=TAGS, opts=on)
    role = service_role("worker", "lambda", "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole", on)
    code = pulumi.AssetArchive({"main.py": pulumi.StringAsset("def handle(event, context):\n    return None\n")})
    function = aws.lambda_.Function(
        "rotator",
        role=role.arn,
        runtime="python3.13",
        handler="main.handle",
        code=code,
        reserved_concurrent_executions=2,
        dead_letter_config={"target_arn": queue.arn},
        vpc_config={"subnet_ids": [one.id for one in subnets], "security_group_ids": [group.id]},
        kms_key_arn=cmk.arn,
        tags=TAGS,
        opts=on,
    )
    aws.lambda_.Permission(
        "rotator-call",
        action="lambda:InvokeFunction",
        function=function.name,
        principal="secretsmanager.amazonaws.com",
        source_account=ACCOUNT,
        opts=on,
    )
    secret = aws.secretsmanager.Secret("portal-login", kms_key_id=cmk.id, tags=TAGS, opts=on)
    every_month: Any = {"schedule_expression": "rate(30 days)"}
    aws.secretsmanager.SecretRotation(
        "portal-login-monthly",
        secret_id=secret.id,
        rotation_lambda_arn=function.arn,
        rotation_rules=every_month,
        opts=on,
    )
    alarm("rotator-errors", "AWS/Lambda", "Errors", topic, on, dimensions={"FunctionName": function.name})


def portal(on: pulumi.ResourceOptions, cmk: Any, subnets: list[Any], group: Any, logs: Any) -> None:
    """The portal on Fargate, behind a load balancer and a web ACL, both of the deprecated types."""
    load_balancer = aws.alb.LoadBalancer(
        "front",
        internal=True,
        security_groups=[group.id],
        subnets=[one.id for one in subnets],
        drop_invalid_header_fields=True,
        enable_deletion_protection=True,
        access_logs={"bucket": logs.bucket, "enabled": True},
        tags=TAGS,
        opts=on,
    )
    target = aws.alb.TargetGroup(
        "front-target", port=8443, protocol="HTTPS", target_type="ip", vpc_id=group.vpc_id, tags=TAGS, opts=on
    )
    redirect: Any = {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"}}
    forward: Any = {"type": "forward", "target_group_arn": target.arn}
    aws.alb.Listener(
        "http", load_balancer_arn=load_balancer.arn, port=80, default_actions=[redirect], tags=TAGS, opts=on
    )
    https = aws.alb.Listener(
        "https",
        load_balancer_arn=load_balancer.arn,
        port=443,
        protocol="HTTPS",
        certificate_arn=CERTIFICATE,
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        default_actions=[forward],
        tags=TAGS,
        opts=on,
    )
    firewall(on, cmk, load_balancer)
    group_log = aws.cloudwatch.LogGroup(
        "portal-log", name="/clinic/portal", retention_in_days=731, kms_key_id=cmk.arn, tags=TAGS, opts=on
    )
    sessions: Any = {
        "kms_key_id": cmk.arn,
        "logging": "OVERRIDE",
        "log_configuration": {"cloud_watch_log_group_name": group_log.name, "cloud_watch_encryption_enabled": True},
    }
    cluster = aws.ecs.Cluster(
        "clinic",
        settings=[{"name": "containerInsights", "value": "enhanced"}],
        configuration={"execute_command_configuration": sessions},
        tags=TAGS,
        opts=on,
    )
    images: Any = {"encryption_type": "KMS", "kms_key": cmk.arn}
    aws.ecr.Repository(
        "portal",
        name="clinic/portal",
        encryption_configurations=[images],
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        tags=TAGS,
        opts=protect(on),
    )
    container = {
        "name": "portal",
        "image": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/clinic/portal@sha256:{'0' * 64}",
        "readonlyRootFilesystem": True,
        "portMappings": [{"containerPort": 8443}],
        "environment": [{"name": "LOCALE", "value": "en"}],
        "secrets": [{"name": "DATABASE_PASSWORD", "valueFrom": CREDENTIAL}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/clinic/portal",
                "awslogs-region": "us-east-1",
                "awslogs-stream-prefix": "portal",
                "mode": "blocking",
            },
        },
    }
    execution_policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    task = aws.ecs.TaskDefinition(
        "portal",
        family="clinic-portal",
        cpu="512",
        memory="1024",
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        execution_role_arn=service_role("portal-start", "ecs-tasks", execution_policy, on).arn,
        task_role_arn=service_role("portal-run", "ecs-tasks", None, on).arn,
        container_definitions=json.dumps([container]),
        tags=TAGS,
        opts=on,
    )
    aws.ecs.Service(
        "portal",
        cluster=cluster.arn,
        task_definition=task.arn,
        desired_count=2,
        launch_type="FARGATE",
        platform_version="LATEST",
        network_configuration={"subnets": [one.id for one in subnets], "security_groups": [group.id]},
        load_balancers=[{"target_group_arn": target.arn, "container_name": "portal", "container_port": 8443}],
        tags=TAGS,
        opts=pulumi.ResourceOptions.merge(on, pulumi.ResourceOptions(depends_on=[https])),
    )


def firewall(on: pulumi.ResourceOptions, cmk: Any, load_balancer: Any) -> None:
    """A web ACL with JSON rules, as the console exports them."""

    def visibility(name: str) -> dict[str, Any]:
        return {"CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": False, "MetricName": name}

    def managed_rule(priority: int, name: str, **overrides: Any) -> dict[str, Any]:
        group = {"VendorName": "AWS", "Name": name, **overrides}
        rule = {
            "Name": name,
            "Priority": priority,
            "OverrideAction": {"None": {}},
            "VisibilityConfig": visibility(name),
        }
        return {**rule, "Statement": {"ManagedRuleGroupStatement": group}}

    counted = [{"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}]
    rules = [
        managed_rule(0, "AWSManagedRulesKnownBadInputsRuleSet"),
        managed_rule(1, "AWSManagedRulesCommonRuleSet", RuleActionOverrides=counted),
    ]
    shown: Any = {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": False, "metric_name": "front"}
    acl = aws.wafv2.WebAcl(
        "front",
        scope="REGIONAL",
        default_action={"allow": {}},
        rule_json=json.dumps(rules),
        visibility_config=shown,
        tags=TAGS,
        opts=on,
    )
    aws.wafv2.WebAclAssociation("front", web_acl_arn=acl.arn, resource_arn=load_balancer.arn, opts=on)
    log = aws.cloudwatch.LogGroup(
        "front-decisions", name="aws-waf-logs-front", retention_in_days=0, kms_key_id=cmk.arn, tags=TAGS, opts=on
    )
    aws.wafv2.WebAclLoggingConfiguration("front", resource_arn=acl.arn, log_destination_configs=[log.arn], opts=on)
