"""Small quantities that neither the program nor its settings contain, each with its reason: GB (10^9 bytes) a month."""

from __future__ import annotations

from decimal import Decimal

READER_SHARE = Decimal("0.25")
"""Share of the writer's load on a reader whose promotion tier does not keep it as large as the writer."""

IDLE_LOG_GB = Decimal("0.01")
"""A log group that is nearly empty in normal operation: exec sessions, rotations, findings, failed deliveries."""

VPN_LOG_GB = Decimal("0.1")
"""IKE and BGP messages of a tunnel pair, or the sessions of a client VPN."""

LOG_SHARES = {"app-logs": Decimal("0.5"), "web-logs": Decimal("0.3"), "database-logs": Decimal("0.2")}
"""Share of each log group in `usage.application_log_gb`."""

LOG_COMPRESSION = Decimal("0.15")
"""CloudWatch Logs stores compressed logs; AWS's calculator uses this ratio. https://calculator.aws/"""

WAF_LOG_KB = Decimal("1.5")
CLOUDTRAIL_EVENT_KB = Decimal("1.2")
CLOUDTRAIL_FILE_SHARE = Decimal("0.1")
"""Compression of a trail's files; its log events are not compressed."""

MANAGEMENT_EVENTS = Decimal(100_000)
"""API calls a month that CloudTrail and GuardDuty see: tasks, keys, agents."""

ACCESS_LOG_KB = Decimal("0.5")
"""A line of an access log of S3 or a load balancer."""

ACCESS_LOG_FILES = Decimal(20_000)
"""Access log files that S3 and the load balancers write in a month, one PUT each."""

TRAIL_FILES = Decimal(10_000)
CONFIG_ITEMS = Decimal(1_000)
"""Items that AWS Config records in a month: every task starts and stops with a network interface."""

CONFIG_GB = Decimal("0.05")
FLOW_AND_DNS_GB = Decimal("0.5")
"""DNS queries that GuardDuty reads in addition to the flow logs."""

KMS_REQUESTS = Decimal(50_000)
"""Requests for logs, streams, secrets and task starts. Objects are added, with or without bucket keys."""

KMS_BUCKET_KEY_SHARE = Decimal("0.01")
"""A bucket key saves up to 99 % of S3's requests. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html"""

SECRET_READS = Decimal(5_000)
"""Every task reads its secrets when it starts."""

ENDPOINT_GB = Decimal("0.1")
"""Traffic of an endpoint that carries no logs."""

SIGN_IN_GB = Decimal("0.1")
"""Sign-in traffic from the load balancer to Cognito through the NAT gateway."""

INSIGHTS_METRICS = {"cluster": 8, "family": 6, "service": 11}
"""Metrics of Container Insights. https://aws.amazon.com/cloudwatch/pricing/"""

INSIGHTS_LOG_GB = Decimal("0.1")
"""Performance events of Container Insights for each task that runs all month."""

OS_METRICS_LOG_GB = Decimal("0.25")
"""Enhanced Monitoring of one instance at 60 seconds."""

REPLICATION_METRICS = 4
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics.html"""

ROTATION_STEPS = 4
ROTATION_SECONDS = Decimal(10)
ROTATION_TRANSITIONS = Decimal(3)
MONTH_DAYS = Decimal(365) / 12

ALLOWANCES: dict[str, tuple[Decimal, str]] = {
    "dto.internet.gb": (Decimal(100), "100 GB to the internet"),
    "cwl.ingest.gb": (Decimal(5), "5 GB of logs"),
    "cw.alarm_mo": (Decimal(10), "10 alarms"),
    "cw.metric_mo": (Decimal(10), "10 metrics"),
    "cw.dashboard_mo": (Decimal(3), "3 dashboards"),
    "kms.req.10k": (Decimal(2), "20,000 requests to keys"),
    "sfn.transition.k": (Decimal(4), "4,000 state transitions"),
}
"""Free quantities of every account each month without an end date, in units of the price."""
