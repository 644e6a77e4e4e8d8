"""A program as in a tutorial: it works but is insecure. expected.py lists the violations."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

INTERNET = "0.0.0.0/0"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/6b5a4c3d-1e2f-4a5b-8c7d-9e0f1a2b3c4d"


def allow(actions: Any, **rest: Any) -> str:
    """A policy document with one Allow statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, **rest}]})


def program() -> None:
    """Declares all resources."""
    on = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
    role = identities(on)
    vpc, subnets, group = network(on)
    containers(on, load_balancer(on, vpc, subnets, group), subnets, group)
    databases(on, group)
    functions(on, role)
    records(on, role, storage(on))
    tunnels(on, vpc)


def identities(on: pulumi.ResourceOptions) -> aws.iam.Role:
    """A user with an access key, and a role with full access."""
    user = aws.iam.User("developer", opts=on)
    aws.iam.AccessKey("developer-key", user=user.name, opts=on)
    trust = allow("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
    role = aws.iam.Role("app-role", assume_role_policy=trust, opts=on)
    aws.iam.RolePolicy("app-permissions", role=role.id, policy=allow("*", Resource="*"), opts=on)
    everyone = allow("kms:*", Principal="*", Resource="*")
    aws.kms.Key("app-key", policy=everyone, opts=on)
    aws.secretsmanager.Secret("api-credential", opts=on)
    aws.sns.Topic("news", opts=on)
    aws.kinesis.Stream("clicks", shard_count=1, opts=on)
    return role


def network(on: pulumi.ResourceOptions) -> tuple[aws.ec2.Vpc, list[aws.ec2.Subnet], aws.ec2.SecurityGroup]:
    """Two public subnets, open to the internet."""
    vpc = aws.ec2.Vpc("main", cidr_block="10.0.0.0/16", opts=on)
    gateway = aws.ec2.InternetGateway("main-gateway", vpc_id=vpc.id, opts=on)
    subnets = [
        aws.ec2.Subnet(
            f"public-{zone}",
            vpc_id=vpc.id,
            cidr_block=f"10.0.{number}.0/24",
            availability_zone=f"us-east-1{zone}",
            map_public_ip_on_launch=True,
            opts=on,
        )
        for number, zone in enumerate("ab")
    ]
    table = aws.ec2.RouteTable("public", vpc_id=vpc.id, opts=on)
    aws.ec2.Route(
        "to-internet", route_table_id=table.id, destination_cidr_block=INTERNET, gateway_id=gateway.id, opts=on
    )
    anything: Any = {"protocol": "-1", "rule_no": 100, "action": "allow", "cidr_block": INTERNET}
    aws.ec2.NetworkAcl(
        "open-acl", vpc_id=vpc.id, ingress=[{**anything, "from_port": 0, "to_port": 0}], egress=[], opts=on
    )
    group = aws.ec2.SecurityGroup(
        "web",
        vpc_id=vpc.id,
        ingress=[
            {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": [INTERNET]},
            {"protocol": "tcp", "from_port": 0, "to_port": 65535, "cidr_blocks": [INTERNET]},
        ],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": [INTERNET]}],
        opts=on,
    )
    aws.vpc.SecurityGroupIngressRule(
        "from-office",
        security_group_id=group.id,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4="203.0.113.0/24",
        opts=on,
    )
    return vpc, subnets, group


def load_balancer(on: pulumi.ResourceOptions, vpc: Any, subnets: list[Any], group: Any) -> aws.lb.TargetGroup:
    """A load balancer with HTTP and old TLS versions."""
    created = aws.lb.LoadBalancer(
        "web-load-balancer", security_groups=[group.id], subnets=[one.id for one in subnets], opts=on
    )
    target = aws.lb.TargetGroup(
        "web-target", port=80, protocol="HTTP", target_type="ip", vpc_id=vpc.id, tags={"project": "tutorial"}, opts=on
    )
    forward: Any = {"type": "forward", "target_group_arn": target.arn}
    aws.lb.Listener(
        "plain", load_balancer_arn=created.arn, port=80, protocol="HTTP", default_actions=[forward], opts=on
    )
    aws.lb.Listener(
        "tls",
        load_balancer_arn=created.arn,
        port=443,
        protocol="HTTPS",
        certificate_arn=CERTIFICATE,
        default_actions=[forward],
        opts=on,
    )
    shown: Any = {"cloudwatch_metrics_enabled": False, "sampled_requests_enabled": False, "metric_name": "web"}
    aws.wafv2.WebAcl("web-acl", scope="REGIONAL", default_action={"allow": {}}, visibility_config=shown, opts=on)
    return target


def containers(on: pulumi.ResourceOptions, target: Any, subnets: list[Any], group: Any) -> None:
    """A public task with a password in its environment."""
    cluster = aws.ecs.Cluster("apps", opts=on)
    repository = aws.ecr.Repository("app-images", opts=on)
    log = aws.cloudwatch.LogGroup("app-log", name="/app", retention_in_days=7, opts=on)
    container = {
        "name": "app",
        "image": "example/app:latest",
        "environment": [{"name": "DB_PASSWORD", "value": "a-password-in-plain-text"}],
        "portMappings": [{"containerPort": 80}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/app", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app"},
        },
    }
    task = aws.ecs.TaskDefinition(
        "app-task",
        family="app",
        cpu="256",
        memory="512",
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        container_definitions=json.dumps([container]),
        opts=pulumi.ResourceOptions.merge(on, pulumi.ResourceOptions(depends_on=[log, repository])),
    )
    # Fargate rejects host networking and privileged containers; EC2 instances accept them.
    host = {"name": "agent", "image": "example/agent:latest", "memory": 128, "privileged": True}
    aws.ecs.TaskDefinition("agent-task", family="agent", container_definitions=json.dumps([host]), opts=on)
    aws.ecs.Service(
        "app-service",
        cluster=cluster.arn,
        task_definition=task.arn,
        desired_count=1,
        launch_type="FARGATE",
        platform_version="1.4.0",
        network_configuration={
            "subnets": [one.id for one in subnets],
            "security_groups": [group.id],
            "assign_public_ip": True,
        },
        load_balancers=[{"target_group_arn": target.arn, "container_name": "app", "container_port": 80}],
        opts=on,
    )
    aws.cloudwatch.MetricAlarm(
        "app-down",
        namespace="AWS/ECS",
        metric_name="CPUUtilization",
        statistic="Average",
        comparison_operator="LessThanThreshold",
        threshold=1,
        period=60,
        evaluation_periods=1,
        opts=on,
    )


def databases(on: pulumi.ResourceOptions, group: Any) -> None:
    """Databases that are public, unencrypted and unprotected."""
    login: Any = {"username": "dbowner", "password": "a-password-in-plain-text"}
    instance = aws.rds.Instance(
        "orders",
        **login,
        engine="postgres",
        instance_class="db.t3.micro",
        allocated_storage=20,
        publicly_accessible=True,
        skip_final_snapshot=True,
        vpc_security_group_ids=[group.id],
        opts=on,
    )
    aws.rds.Snapshot(
        "orders-shared",
        db_instance_identifier=instance.identifier,
        db_snapshot_identifier="orders-shared",
        shared_accounts=["all"],
        opts=on,
    )
    parameters = aws.rds.ClusterParameterGroup("patients-settings", family="aurora-postgresql16", opts=on)
    cluster = aws.rds.Cluster(
        "patients",
        engine="aurora-postgresql",
        master_username="dbowner",
        manage_master_user_password=True,
        backup_retention_period=1,
        db_cluster_parameter_group_name=parameters.name,
        skip_final_snapshot=True,
        opts=on,
    )
    aws.rds.ClusterInstance(
        "patients-one",
        cluster_identifier=cluster.id,
        engine=aws.rds.EngineType.AURORA_POSTGRESQL,
        instance_class="db.t3.medium",
        auto_minor_version_upgrade=False,
        performance_insights_enabled=True,
        opts=on,
    )
    vault = aws.backup.Vault("weekly-vault", name="weekly", opts=on)
    weekly: Any = {
        "rule_name": "weekly",
        "target_vault_name": vault.name,
        "schedule": "cron(0 3 ? * SUN *)",
        "lifecycle": {"delete_after": 7},
    }
    aws.backup.Plan("weekly-plan", name="weekly", rules=[weekly], opts=on)
    aws.efs.FileSystem("shared-files", opts=on)


def functions(on: pulumi.ResourceOptions, role: Any) -> None:
    """A function that everyone can call."""
    code = pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context):\n    return event\n")})
    function = aws.lambda_.Function(
        "resize", role=role.arn, runtime="python3.13", handler="index.handler", code=code, opts=on
    )
    aws.lambda_.Permission(
        "resize-public", action="lambda:InvokeFunction", function=function.name, principal="*", opts=on
    )


def storage(on: pulumi.ResourceOptions) -> aws.s3.Bucket:
    """Buckets with AWS's defaults, one of them public."""
    aws.s3.Bucket("patient-images", bucket="tutorial-patient-images", opts=on)
    site = aws.s3.Bucket("site", bucket="tutorial-site", opts=on)
    everyone = allow("s3:GetObject", Principal="*", Resource="arn:aws:s3:::tutorial-site/*")
    aws.s3.BucketPolicy("site-policy", bucket=site.id, policy=everyone, opts=on)
    return aws.s3.Bucket("events", bucket="tutorial-events", opts=on)


def records(on: pulumi.ResourceOptions, role: Any, bucket: Any) -> None:
    """Single-Region trails without alarms."""
    aws.cloudtrail.Trail("account-trail", s3_bucket_name=bucket.bucket, opts=on)
    log = aws.cloudwatch.LogGroup("trail-log", name="/trail", retention_in_days=7, opts=on)
    aws.cloudtrail.Trail(
        "second-trail",
        s3_bucket_name=bucket.bucket,
        cloud_watch_logs_group_arn=log.arn.apply(lambda arn: f"{arn}:*"),
        cloud_watch_logs_role_arn=role.arn,
        opts=on,
    )


def tunnels(on: pulumi.ResourceOptions, vpc: Any) -> None:
    """VPNs with any algorithm, and certificates for users."""
    gateway = aws.ec2.VpnGateway("campus-gateway", vpc_id=vpc.id, opts=on)
    campus = aws.ec2.CustomerGateway("campus", bgp_asn="65000", ip_address="203.0.113.7", type="ipsec.1", opts=on)
    aws.ec2.VpnConnection(
        "campus-vpn", customer_gateway_id=campus.id, vpn_gateway_id=gateway.id, type="ipsec.1", opts=on
    )
    aws.ec2clientvpn.Endpoint(
        "people-vpn",
        client_cidr_block="10.9.0.0/16",
        server_certificate_arn=CERTIFICATE,
        authentication_options=[{"type": "certificate-authentication", "root_certificate_chain_arn": CERTIFICATE}],
        connection_log_options={"enabled": False},
        opts=on,
    )
