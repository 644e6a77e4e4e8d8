"""Roles, log groups, functions, the database and the services in the account's API."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

from rehearsal.account.mirror import Clients, Inputs, hides, shows
from rehearsal.cloud.folder import Resource

MASTER = "storeadmin"


@shows("aws:iam/role:Role")
def role(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """A role with its trust."""
    name, trust = resource.outputs["name"], inputs["assumeRolePolicy"]
    try:
        aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Path=inputs.get("path", "/"))
    except aws.iam.exceptions.EntityAlreadyExistsException:
        aws.iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)


@hides("aws:iam/role:Role")
def no_role(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Deletes it."""
    aws.iam.delete_role(RoleName=resource.outputs["name"])


@shows("aws:iam/policy:Policy")
def policy(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """A managed policy; a change is a new default version in place of the old one."""
    try:
        aws.iam.create_policy(
            PolicyName=resource.outputs["name"], PolicyDocument=inputs["policy"], Path=inputs.get("path", "/")
        )
    except aws.iam.exceptions.EntityAlreadyExistsException:
        arn = resource.outputs["arn"]
        old = aws.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=inputs["policy"], SetAsDefault=True)
        aws.iam.delete_policy_version(PolicyArn=arn, VersionId=old)


@hides("aws:iam/policy:Policy")
def no_policy(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Deletes it."""
    aws.iam.delete_policy(PolicyArn=resource.outputs["arn"])


@shows("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def attachment(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Gives a role a policy."""
    aws.iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])


@hides("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def no_attachment(aws: Clients, _: Resource, inputs: Inputs) -> None:
    """Takes it away."""
    with suppress(aws.iam.exceptions.NoSuchEntityException):  # the policy may be gone first
        aws.iam.detach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])


@shows("aws:cloudwatch/logGroup:LogGroup")
def log_group(aws: Clients, resource: Resource, _: Inputs) -> None:
    """A log group."""
    with suppress(aws.logs.exceptions.ResourceAlreadyExistsException):
        aws.logs.create_log_group(logGroupName=resource.outputs["name"])


@hides("aws:cloudwatch/logGroup:LogGroup")
def no_log_group(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Deletes it, with what it holds."""
    aws.logs.delete_log_group(logGroupName=resource.outputs["name"])


@shows("aws:lambda/function:Function")
def function(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """A function. Its code is not run: whoever rehearses says what it answers."""
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


@hides("aws:lambda/function:Function")
def no_function(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Deletes it."""
    aws.lambda_.delete_function(FunctionName=resource.outputs["name"])


@shows("aws:rds/cluster:Cluster")
def database(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """An Aurora cluster."""
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


@hides("aws:rds/cluster:Cluster")
def no_database(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Deletes it, after the final snapshot that its settings name."""
    final = inputs.get("finalSnapshotIdentifier")
    how = {"FinalDBSnapshotIdentifier": final} if final else {"SkipFinalSnapshot": True}
    aws.rds.delete_db_cluster(DBClusterIdentifier=resource.outputs["clusterIdentifier"], **how)


@shows("aws:rds/clusterInstance:ClusterInstance")
def database_instance(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """A writer or reader."""
    with suppress(aws.rds.exceptions.DBInstanceAlreadyExistsFault):
        aws.rds.create_db_instance(
            DBInstanceIdentifier=resource.outputs["identifier"],
            DBClusterIdentifier=inputs["clusterIdentifier"],
            DBInstanceClass=inputs["instanceClass"],
            Engine=inputs["engine"],
        )


@hides("aws:rds/clusterInstance:ClusterInstance")
def no_database_instance(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Deletes it."""
    aws.rds.delete_db_instance(DBInstanceIdentifier=resource.outputs["identifier"], SkipFinalSnapshot=True)


@shows("aws:ecs/cluster:Cluster")
def cluster(aws: Clients, resource: Resource, _: Inputs) -> None:
    """An ECS cluster."""
    aws.ecs.create_cluster(clusterName=resource.outputs["name"])


@hides("aws:ecs/cluster:Cluster")
def no_cluster(aws: Clients, resource: Resource, _: Inputs) -> None:
    """Deletes it."""
    aws.ecs.delete_cluster(cluster=resource.outputs["name"])


@shows("aws:ecs/service:Service")
def service(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """An ECS service; how many tasks it wants is all that is shown of them."""
    named = {"cluster": inputs["cluster"], "desiredCount": inputs.get("desiredCount", 0)}
    name = resource.outputs["name"]
    found = aws.ecs.describe_services(cluster=inputs["cluster"], services=[name])["services"]
    if any(one["status"] == "ACTIVE" for one in found):
        aws.ecs.update_service(service=name, **named)
        return
    task = {"family": name, "containerDefinitions": [{"name": name, "image": "none", "memory": 128}]}
    definition = aws.ecs.register_task_definition(**task)["taskDefinition"]["taskDefinitionArn"]
    aws.ecs.create_service(serviceName=name, taskDefinition=definition, **named)


@hides("aws:ecs/service:Service")
def no_service(aws: Clients, resource: Resource, inputs: Inputs) -> None:
    """Deletes it."""
    aws.ecs.delete_service(cluster=inputs["cluster"], service=resource.outputs["name"], force=True)
