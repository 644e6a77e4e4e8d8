"""The image store, read from top to bottom: what it is made of, and what depends on what."""

import pulumi

from components.closing import Closing, study_outputs
from components.core import AlarmTopic, Component, Keys, Platform, account, metric_alarms, sources
from components.data import Database, DatabaseRotation, ImageReplication, ImageStorage
from components.edge import Edge, Identity, WebAcl
from components.network import CampusVpn, ClientVpn, Egress, Network
from components.safeguards import AccountBaseline, AuditTrail, Backups, Dashboard, Page, SplunkStream, StudyBudget
from components.service import Cluster, Images, OrthancCredentials, PrivateCa, RedeployOnRotation, Tier, nginx, orthanc
from settings import Settings

settings = Settings.load()  # every rule is checked here, before the first resource
scope = account(settings)  # names, tags, lifecycle, retention, and one explicit provider per package
keys = Keys("keys", scope, copy_region=settings.backup.copy_region)
alarms = AlarmTopic("alarms", scope, emails=settings.budget.notify, keys=keys)
base = Platform.on(scope, keys=keys, alarms=alarms)  # what every component below builds on

# Network: private subnets, and a site-to-site VPN to each center that has a gateway
network = Network("network", base, settings.network, access=settings.access)
vpn = CampusVpn("vpn", base, settings.network, centers=settings.centers, network=network)

# Data: pixels and their copies, the index, and the login to it that rotates
storage = ImageStorage("storage", base, settings.storage)
replication = None
if settings.backup.copy_region:
    region = settings.backup.copy_region
    replication = ImageReplication("replication", base, settings.storage, region=region, storage=storage)
database = Database("database", base, settings.database, network=network)
rotation = DatabaseRotation("rotation", base, settings.database, database=database, network=network)

# Edge: the only ingress, where people sign in and software presents a token
identity = client_vpn = waf = None
if settings.identity:
    identity = Identity("identity", base, settings.identity, centers=settings.centers, dns=settings.dns)
    if not settings.access.public:
        Egress("egress", base, network=network)
edge = Edge("edge", base, dns=settings.dns, access=settings.access, identity=identity, network=network, storage=storage)
if settings.waf:
    waf = WebAcl("waf", base, load_balancer=edge.alb)
if settings.client_vpn and settings.identity:
    client_vpn = ClientVpn(
        "client-vpn",
        base,
        settings.client_vpn,
        groups=settings.identity.groups,
        dns=settings.dns,
        network=network,
        listener_groups=edge.listener_groups,
    )

# Service: nginx (web) in front of Orthanc (app), with certificates of a private authority
servers = {"web": [base.names.host("web")], "app": [base.names.host("app"), *edge.dicom_hosts]}
ca = PrivateCa("ca", base, servers=servers, senders=settings.dicom_centers)
users = OrthancCredentials("users", base)
images = Images("images", base, settings.images, architectures=settings.architectures)
cluster = Cluster("cluster", base, network=network)
web = Tier(
    "web",
    base,
    settings.web,
    workload=nginx.workload(
        base,
        settings.access,
        image=images["nginx"],
        certificate=ca.servers["web"],
        users=users,
        clients=identity.clients if identity else {},
    ),
    cluster=cluster,
    network=network,
    routes=[edge.web_route],
    schedule=settings.schedule,
    signal=edge.signal,
)
app = Tier(
    "app",
    base,
    settings.app,
    workload=orthanc.workload(
        base,
        settings,
        image=images["orthanc"],
        storage=storage,
        database=database,
        rotation=rotation,
        certificate=ca.servers["app"],
        users=users,
    ),
    cluster=cluster,
    network=network,
    routes=edge.dicom_routes,
    schedule=settings.schedule,
    clients=[orthanc.client(web.security_group)],
    servers=[orthanc.index(database)],
)
redeploy = RedeployOnRotation("redeploy", base, secret=database.password_secret, tier=app)

# Safeguards: who did what, backups, the end of the study, logs to Splunk, cost
baseline = closing = splunk = None
buckets = [storage.images, storage.archive, *([replication.images] if replication else [])]
trail = AuditTrail("audit", base, watched=buckets, logs_to=storage.access_logs)
if settings.audit.account_baseline:
    baseline = AccountBaseline("baseline", base, logs_to=storage.access_logs)
backups = Backups("backup", base, settings.backup, database=database, storage=storage)
if base.lifecycle.archiving:
    closing = Closing("closing", base, settings.archive, storage=storage, database=database, network=network)
parts: list[Component | None] = [network, vpn, database, rotation, cluster, app, web, redeploy, client_vpn, waf]
parts += [replication, trail, baseline, backups, closing]
logs = sources(*parts)
if settings.logging.splunk:
    splunk = SplunkStream("splunk", base, settings.logging.splunk, sources=logs, logs_to=storage.access_logs)
budget = StudyBudget("budget", base, settings.budget, study=settings.study)
page = Page(
    tiers=[web, app], edge=edge, database=database, vpn=vpn, client_vpn=client_vpn, splunk=splunk, budget=budget
)
Dashboard("dashboard", base, page, alarms=metric_alarms(*parts, splunk))  # last: it shows every alarm above

study = study_outputs(
    base, phase=settings.phase, storage=storage, database=database, trail=trail, logs=logs, closing=closing
)
pulumi.export("url", f"https://{settings.dns.name}/dicom-web")
pulumi.export("imageBucket", storage.images.name)
pulumi.export("archiveBucket", storage.archive.name)
pulumi.export("cluster", cluster.name)
pulumi.export("databaseCluster", database.cluster_id)
pulumi.export("taskRole", app.task_role)
pulumi.export("archiver", closing.archiver.role.arn if closing else None)
pulumi.export("studyOutputs", study)
