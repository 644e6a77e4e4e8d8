"""The image store, read from top to bottom: what it is made of, and what depends on what."""

import pulumi

from components.closing.closing import Closing
from components.closing.outputs import ending
from components.core.account import account
from components.core.alarms import AlarmTopic
from components.core.base import Scope
from components.core.keys import Keys
from components.data.database import Database
from components.data.replication import ImageReplication
from components.data.rotation import DatabaseRotation
from components.data.storage import ImageStorage
from components.edge.edge import Edge, client_networks
from components.edge.identity import Identity
from components.edge.waf import WebAcl
from components.network import security_groups as firewall
from components.network.client_vpn import ClientVpn
from components.network.egress import Egress
from components.network.network import Network
from components.network.vpn import CampusVpn
from components.safeguards import dashboard
from components.safeguards.audit import AuditTrail
from components.safeguards.backup import Backups
from components.safeguards.baseline import AccountBaseline
from components.safeguards.budget import StudyBudget
from components.safeguards.dashboard import Dashboard
from components.safeguards.splunk import SplunkStream
from components.service import nginx, orthanc, scaling
from components.service.certificates import PrivateCa
from components.service.cluster import Cluster
from components.service.credentials import OrthancUsers
from components.service.images import Images
from components.service.redeploy import RedeployOnRotation
from components.service.tier import Tier
from settings import Settings, stack_name

settings = Settings.load()  # every rule is checked here, before the first resource
scope = Scope.of(settings)
aws = account(settings.account, scope)

clients = client_networks(settings.exposure, settings.centers)
public = settings.exposure.kind == "public"

keys = Keys("keys", scope, copy_region=settings.backup.copy_region, opts=aws)
alarms = AlarmTopic("alarms", scope, emails=settings.budget.notify, keys=keys, opts=aws)
network = Network(
    "network",
    scope,
    settings.network,
    clients=clients,
    public=public,
    outbound=settings.identity is not None,
    keys=keys,
    opts=aws,
)
vpn = CampusVpn(
    "vpn",
    scope,
    centers=settings.centers,
    network=network,
    transit_gateway_id=settings.network.transit_gateway_id,
    topic=alarms,
    keys=keys,
    opts=aws,
)
storage = ImageStorage("storage", scope, settings.storage, keys=keys, opts=aws)
database = Database("database", scope, settings.database, network=network, keys=keys, opts=aws)
rotation = DatabaseRotation(
    "rotation",
    scope,
    days=settings.database.rotation_days,
    database=database,
    network=network,
    keys=keys,
    topic=alarms,
    opts=aws,
)
ca = PrivateCa("ca", scope, keys=keys, opts=aws)
users = OrthancUsers("users", scope, keys=keys, opts=aws)
images = Images(
    "images",
    scope,
    settings.images,
    architectures={"nginx": settings.web.architecture, "orthanc": settings.app.architecture},
    keys=keys,
    opts=aws,
)
cluster = Cluster("cluster", scope, network=network, keys=keys, opts=aws)
identity = None
if settings.identity:
    identity = Identity(
        "identity", scope, settings.identity, centers=settings.centers, dns_name=settings.dns.name, opts=aws
    )
    if not public:
        Egress("egress", scope, network=network, opts=aws)
edge = Edge(
    "edge",
    scope,
    dns=settings.dns,
    exposure=settings.exposure,
    clients=clients,
    identity=identity,
    with_viewer=settings.viewer,
    network=network,
    storage=storage,
    opts=aws,
)
senders = orthanc.Senders.of(settings.centers)
if edge.dicom_routes:
    for center in senders.centers:
        ca.enrol(center)
app = Tier(
    "app",
    scope,
    settings.app,
    workload=orthanc.workload(
        names=scope.names,
        image=images.uris["orthanc"],
        aet=settings.aet,
        connections=settings.database.connections_per_task,
        senders=senders,
        storage=storage,
        database=database,
        rotation=rotation,
        certificate=ca.issue("app", [cluster.host("app"), *edge.dicom_hosts]),
        users=users.secret,
        writable=scope.lifecycle.writable,
        with_viewer=settings.viewer,
    ),
    repository_arn=images.repository_arn("orthanc"),
    cluster=cluster,
    network=network,
    routes=edge.dicom_routes,
    schedule=settings.schedule,
    signal=scaling.cpu(cluster.name, scope.names.of("ecs.Service", "app")),
    topic=alarms,
    keys=keys,
    opts=aws,
)
web = Tier(
    "web",
    scope,
    settings.web,
    workload=nginx.workload(
        image=images.uris["nginx"],
        upstream=cluster.host("app"),
        certificate=ca.issue("web", [cluster.host("web")]),
        credential=users.credential if identity else None,
        clients=identity.clients if identity else {},
        with_viewer=settings.viewer,
    ),
    repository_arn=images.repository_arn("nginx"),
    cluster=cluster,
    network=network,
    routes=[edge.web_route],
    schedule=settings.schedule,
    signal=edge.signal,
    topic=alarms,
    keys=keys,
    opts=aws,
)
firewall.connect(
    app,
    "from-web",
    source=web.security_group,
    target=app.security_group,
    port=orthanc.HTTPS_PORT,
    description="nginx to Orthanc",
)
firewall.connect(
    app,
    "database",
    source=app.security_group,
    target=database.security_group,
    port=5432,
    description="Orthanc to its index",
)
RedeployOnRotation(
    "redeploy",
    scope,
    secret=database.password_secret,
    cluster=cluster.name,
    service=app.service_name,
    topic=alarms,
    opts=aws,
)
sources = [network.flow_logs, *vpn.logs, database.logs, rotation.logs, cluster.exec_logs, app.logs, web.logs]
client_vpn = None
if settings.client_vpn and settings.identity:
    client_vpn = ClientVpn(
        "client-vpn",
        scope,
        settings.client_vpn,
        groups=settings.identity.groups,
        dns=settings.dns,
        network=network,
        doors=edge.doors,
        keys=keys,
        opts=aws,
    )
    sources.append(client_vpn.logs)
if settings.waf:
    waf = WebAcl("waf", scope, balancer=edge.alb, keys=keys, opts=aws)
    sources.append(waf.logs)
watched = [storage.images, storage.archive]
if settings.backup.copy_region:
    replication = ImageReplication(
        "replication",
        scope,
        settings.storage,
        region=settings.backup.copy_region,
        storage=storage,
        keys=keys,
        topic=alarms,
        opts=aws,
    )
    watched.append(replication.images)
trail = AuditTrail("audit", scope, watched=watched, logs_to=storage.access_logs, keys=keys, topic=alarms, opts=aws)
sources.append(trail.logs)
if settings.audit.account_baseline:
    baseline = AccountBaseline("baseline", scope, logs_to=storage.access_logs, keys=keys, topic=alarms, opts=aws)
    sources.append(baseline.logs)
Backups("backup", scope, settings.backup, database=database, storage=storage, keys=keys, topic=alarms, opts=aws)
closing = None
if scope.lifecycle.archiving:
    closing = Closing(
        "closing",
        scope,
        settings.archive,
        storage=storage,
        database=database,
        network=network,
        keys=keys,
        opts=aws,
    )
    sources.append(closing.logs)
streams = []
if settings.logging.splunk:
    splunk = SplunkStream(
        "splunk",
        scope,
        settings.logging.splunk,
        sources,
        logs_to=storage.access_logs,
        keys=keys,
        topic=alarms,
        opts=aws,
    )
    streams = splunk.stream_names
StudyBudget("budget", scope, settings.budget, settings.study, topic=alarms, opts=aws)
Dashboard(  # after everything that rings
    "dashboard",
    scope,
    parts=dashboard.parts(
        scope.names,
        alarms=alarms.alarms,
        edge=edge,
        database=database,
        vpn=vpn,
        client_vpn=client_vpn,
        streams=streams,
    ),
    opts=aws,
)

pulumi.export("url", f"https://{settings.dns.name}/dicom-web")
pulumi.export("imageBucket", storage.images.name)
pulumi.export("archiveBucket", storage.archive.name)
pulumi.export("cluster", cluster.name)
pulumi.export("databaseCluster", database.cluster_id)
pulumi.export("taskRole", app.task_role)
pulumi.export("archiver", closing.archiver.role.arn if closing else None)
pulumi.export(
    "ending",
    ending(
        scope,
        stack=stack_name(),
        phase=settings.phase,
        storage=storage,
        database=database,
        trail=trail,
        logs=sources,
        keys=keys,
        closing=closing,
    ),
)
