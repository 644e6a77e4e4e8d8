"""Resource types that cost nothing themselves, each with the reason."""

from __future__ import annotations

_GROUPS: dict[str, tuple[str, ...]] = {
    "a VPC and its configuration are free; the resources in it are billed": (
        "aws:ec2/vpc:Vpc",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/networkAcl:NetworkAcl",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        "aws:ec2/defaultRouteTable:DefaultRouteTable",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ),
    "the connection is billed, not its end points": (
        "aws:ec2/customerGateway:CustomerGateway",
        "aws:ec2/vpnGateway:VpnGateway",
        "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation",
        "aws:ec2transitgateway/route:Route",
        "aws:ec2clientvpn/authorizationRule:AuthorizationRule",
    ),
    "the flow log's data are billed at its log group": ("aws:ec2/flowLog:FlowLog",),
    "IAM is free": (
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/samlProvider:SamlProvider",
    ),
    "the analysis of access from outside is free": ("aws:accessanalyzer/analyzer:Analyzer",),
    "public certificates are free": (
        "aws:acm/certificate:Certificate",
        "aws:acm/certificateValidation:CertificateValidation",
    ),
    "the load balancer is billed, not its parts": (
        "aws:lb/listener:Listener",
        "aws:lb/listenerRule:ListenerRule",
        "aws:lb/targetGroup:TargetGroup",
    ),
    "tasks are billed, not what scales them": (
        "aws:appautoscaling/policy:Policy",
        "aws:appautoscaling/scheduledAction:ScheduledAction",
        "aws:appautoscaling/target:Target",
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        "aws:ecs/taskDefinition:TaskDefinition",
    ),
    "names of ECS tasks are free; their zone is billed": ("aws:servicediscovery/service:Service",),
    "a setting of the database": (
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
    ),
    "a setting of a bucket": (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
    ),
    "an alias of a key is free": ("aws:kms/alias:Alias",),
    "the secret is billed, not its versions": (
        "aws:secretsmanager/secretRotation:SecretRotation",
        "aws:secretsmanager/secretVersion:SecretVersion",
    ),
    "events of AWS services are free": (
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/eventTarget:EventTarget",
    ),
    "14 million calls of schedules a month are free": ("aws:scheduler/schedule:Schedule",),
    "deliveries are billed at the log group or the stream": (
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        "aws:cloudwatch/logStream:LogStream",
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    ),
    "the web ACL is billed, not its associations": ("aws:wafv2/webAclAssociation:WebAclAssociation",),
    "recorded items are billed at the recorder": (
        "aws:cfg/deliveryChannel:DeliveryChannel",
        "aws:cfg/recorderStatus:RecorderStatus",
    ),
    "budgets without actions are free": ("aws:budgets/budget:Budget",),
    "recovery points are billed at the backup plan": (
        "aws:backup/selection:Selection",
        "aws:backup/restoreTestingSelection:RestoreTestingSelection",
        "aws:backup/vault:Vault",
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    ),
    "1,000 e-mails and a million messages a month are free; alarms send fewer": (
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
    ),
    "people and tokens are billed, not the configuration of the pool": (
        "aws:cognito/identityProvider:IdentityProvider",
        "aws:cognito/resourceServer:ResourceServer",
        "aws:cognito/userPoolDomain:UserPoolDomain",
    ),
    "records of a hosted zone are free": ("aws:route53/record:Record",),
    "a single invocation when the stack is created costs nothing": ("aws:lambda/invocation:Invocation",),
    "a permission to invoke a function is free": ("aws:lambda/permission:Permission",),
    "an image is billed at its repository": ("awsx:ecr:Image",),
}

FREE: dict[str, str] = {kind: reason for reason, kinds in _GROUPS.items() for kind in kinds}
"""The reason why a resource costs nothing, by type."""

LOCAL_PREFIXES = ("tls:", "random:", "pulumi:", "imgstore:")
"""Prefixes of types that exist only in the program and its state."""
