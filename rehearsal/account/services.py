"""Roles, log groups, functions, the database and the services in the account's API."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

from rehearsal.account.clients import Clients
from rehearsal.account.handlers import Inputs, on_delete, on_put
from rehearsal.cloud.resources import Resource

MASTER = "storeadmin"


@on_put("aws:iam/role:Role")
def put_role(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Create a role, or change its trust policy."""
    name, trust = resource.outputs["name"], inputs["assumeRolePolicy"]
    try:
        aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Path=inputs.get("path", "/"))
    except aws.iam.exceptions.EntityAlreadyExistsException:
        aws.iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)


@on_delete("aws:iam/role:Role")
def delete_role(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Delete a role."""
    aws.iam.delete_role(RoleName=resource.outputs["name"])


@on_put("aws:iam/policy:Policy")
def put_policy(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Create a managed policy; a change replaces its default version."""
    try:
        aws.iam.create_policy(
            PolicyName=resource.outputs["name"], PolicyDocument=inputs["policy"], Path=inputs.get("path", "/")
        )
    except aws.iam.exceptions.EntityAlreadyExistsException:
        arn = resource.outputs["arn"]
        old = aws.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=inputs["policy"], SetAsDefault=True)
        aws.iam.delete_policy_version(PolicyArn=arn, VersionId=old)


@on_delete("aws:iam/policy:Policy")
def delete_policy(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Delete a managed policy."""
    aws.iam.delete_policy(PolicyArn=resource.outputs["arn"])


@on_put("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def put_attachment(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Attach a policy to a role."""
    aws.iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])


@on_delete("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def delete_attachment(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Detach a policy from a role."""
    with suppress(aws.iam.exceptions.NoSuchEntityException):  # the policy may have been deleted before
        aws.iam.detach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])


@on_put("aws:cloudwatch/logGroup:LogGroup")
def put_log_group(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Create a log group."""
    with suppress(aws.logs.exceptions.ResourceAlreadyExistsException):
        aws.logs.create_log_group(logGroupName=resource.outputs["name"])


@on_delete("aws:cloudwatch/logGroup:LogGroup")
def delete_log_group(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Delete a log group with its events."""
    aws.logs.delete_log_group(logGroupName=resource.outputs["name"])


@on_put("aws:lambda/function:Function")
def put_function(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Create a function. Its code does not run: `Functions` says what it returns."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as bundle:
        bundle.writestr("handler.py", "")
    with suppress(aws.lambda_.exceptions.ResourceConflictException):
        aws.lambda_.create_function(
            FunctionName=resource.outputs["name"],
            Role=inputs["role"],
            Runtime=inputs["runtime"],
            Handler=inputs["handler"],
            Code={"ZipFile": code.getvalue()},
        )


@on_delete("aws:lambda/function:Function")
def delete_function(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Delete a function."""
    aws.lambda_.delete_function(FunctionName=resource.outputs["name"])


@on_put("aws:rds/cluster:Cluster")
def put_database(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Create an Aurora cluster, or change its deletion protection."""
    protected = bool(inputs.get("deletionProtection"))
    name = resource.outputs["clusterIdentifier"]
    try:
        aws.rds.create_db_cluster(
            DBClusterIdentifier=name,
            Engine=inputs["engine"],
            EngineVersion=inputs["engineVersion"],
            MasterUsername=inputs.get("masterUsername", MASTER),
            ManageMasterUserPassword=True,
            DatabaseName=inputs.get("databaseName", ""),
            StorageEncrypted=bool(inputs.get("storageEncrypted")),
            KmsKeyId=inputs["kmsKeyId"],
            DeletionProtection=protected,
        )
    except aws.rds.exceptions.DBClusterAlreadyExistsFault:
        aws.rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=protected, ApplyImmediately=True)


@on_delete("aws:rds/cluster:Cluster")
def delete_database(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Delete a cluster, after the final snapshot that its settings name."""
    final = inputs.get("finalSnapshotIdentifier")
    options = {"FinalDBSnapshotIdentifier": final} if final else {"SkipFinalSnapshot": True}
    aws.rds.delete_db_cluster(DBClusterIdentifier=resource.outputs["clusterIdentifier"], **options)


@on_put("aws:rds/clusterInstance:ClusterInstance")
def put_database_instance(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Create a writer or reader."""
    with suppress(aws.rds.exceptions.DBInstanceAlreadyExistsFault):
        aws.rds.create_db_instance(
            DBInstanceIdentifier=resource.outputs["identifier"],
            DBClusterIdentifier=inputs["clusterIdentifier"],
            DBInstanceClass=inputs["instanceClass"],
            Engine=inputs["engine"],
        )


@on_delete("aws:rds/clusterInstance:ClusterInstance")
def delete_database_instance(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Delete a writer or reader."""
    aws.rds.delete_db_instance(DBInstanceIdentifier=resource.outputs["identifier"], SkipFinalSnapshot=True)


@on_put("aws:ecs/cluster:Cluster")
def put_cluster(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Create an ECS cluster."""
    aws.ecs.create_cluster(clusterName=resource.outputs["name"])


@on_delete("aws:ecs/cluster:Cluster")
def delete_cluster(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Delete an ECS cluster."""
    aws.ecs.delete_cluster(cluster=resource.outputs["name"])


@on_put("aws:ecs/service:Service")
def put_service(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Create an ECS service, or change its desired count; its tasks are not simulated."""
    request = {"cluster": inputs["cluster"], "desiredCount": inputs.get("desiredCount", 0)}
    name = resource.outputs["name"]
    found = aws.ecs.describe_services(cluster=inputs["cluster"], services=[name])["services"]
    if any(one["status"] == "ACTIVE" for one in found):
        aws.ecs.update_service(service=name, **request)
        return
    task = {"family": name, "containerDefinitions": [{"name": name, "image": "none", "memory": 128}]}
    definition = aws.ecs.register_task_definition(**task)["taskDefinition"]["taskDefinitionArn"]
    aws.ecs.create_service(serviceName=name, taskDefinition=definition, **request)


@on_delete("aws:ecs/service:Service")
def delete_service(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Delete an ECS service."""
    aws.ecs.delete_service(cluster=inputs["cluster"], service=resource.outputs["name"], force=True)
