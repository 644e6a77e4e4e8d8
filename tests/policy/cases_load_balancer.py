"""Cases of the rules for load balancers."""

from typing import Any

from hipaa import types
from hipaa.model import UNKNOWN, Resource
from tests.policy.cases import Cases, resource

ARN = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/images/50dc6c495c0c9188"
REDIRECT = {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
FORWARD = {"type": "forward", "targetGroupArn": UNKNOWN}


def load_balancer(kind: str | None = "application", **properties: Any) -> Resource:
    """A load balancer; without a kind, of AWS's default type."""
    given: dict[str, Any] = {"loadBalancerType": kind} if kind else {}
    return resource(types.LOAD_BALANCER, "load balancer", **given, **properties)


def listener(protocol: Any = "HTTPS", **properties: Any) -> tuple[Resource]:
    return (resource(types.LISTENER, protocol=protocol, port=443.0, **properties),)


def association(target: Resource) -> Resource:
    return resource(types.WEB_ACL_ASSOCIATION, refers={"resourceArn": target}, resourceArn=UNKNOWN, webAclArn=UNKNOWN)


def redirect_listener(**redirect: Any) -> tuple[Resource]:
    return listener("HTTP", defaultActions=[{"type": "redirect", "redirect": redirect}])


GATEWAY_LISTENER = (resource(types.LISTENER, defaultActions=[FORWARD]),)
TARGET_GROUP = (resource("aws:lb/targetGroup:TargetGroup"),)

CASES = {
    "LB-01": Cases(
        passes=(
            listener("HTTP", defaultActions=[REDIRECT]),
            listener("HTTP", defaultActions=REDIRECT),
            listener("HTTP", defaultActions=[{"type": "redirect", "redirect": [{"protocol": "HTTPS"}]}]),
            listener("HTTPS", defaultActions=[FORWARD]),
            listener("TCP", defaultActions=[FORWARD]),
            GATEWAY_LISTENER,
        ),
        fails=(
            listener("HTTP", defaultActions=[FORWARD]),
            listener("http", defaultActions=FORWARD),
            listener("HTTP", defaultActions=[REDIRECT, FORWARD]),
            listener("HTTP", defaultActions=[{"type": "fixed-response", "fixedResponse": {"statusCode": "200"}}]),
            redirect_listener(protocol="HTTP", statusCode="HTTP_301"),
            redirect_listener(protocol="#{protocol}", statusCode="HTTP_301"),
            (resource(types.LISTENER, port=80, defaultActions=[FORWARD]),),
            listener("HTTP"),
        ),
        absent=redirect_listener(statusCode="HTTP_301"),
        unknown=redirect_listener(protocol=UNKNOWN),
        other=TARGET_GROUP,
    ),
    "LB-02": Cases(
        passes=(
            (load_balancer(dropInvalidHeaderFields=True),),
            (load_balancer(None, dropInvalidHeaderFields=True),),
            (load_balancer("network"),),
            (load_balancer("gateway"),),
        ),
        fails=((load_balancer(dropInvalidHeaderFields=False),), (load_balancer(None),)),
        absent=(load_balancer(),),
        unknown=(load_balancer(dropInvalidHeaderFields=UNKNOWN),),
        other=TARGET_GROUP,
    ),
    "LB-03": Cases(
        passes=(
            listener(certificateArn="arn:aws:acm:us-east-1:111122223333:certificate/0a"),
            listener("TLS", certificateArn=UNKNOWN),
            listener("TCP"),
            listener("HTTP", defaultActions=[REDIRECT]),
            GATEWAY_LISTENER,
        ),
        fails=(listener(), listener("TLS"), listener("https", certificateArn="")),
        absent=listener(),
        unknown=listener(certificateArn=UNKNOWN),
        other=TARGET_GROUP,
    ),
    "LB-04": Cases(
        passes=(
            (load_balancer(accessLogs={"enabled": True, "bucket": "logs"}),),
            (load_balancer("network", accessLogs=[{"enabled": True, "bucket": UNKNOWN}]),),
            (load_balancer("gateway"),),
        ),
        fails=(
            (load_balancer(accessLogs={"enabled": False, "bucket": "logs"}),),
            (load_balancer(accessLogs={"bucket": "logs"}),),
            (load_balancer(accessLogs={"enabled": True, "bucket": ""}),),
            (load_balancer("network", accessLogs=[]),),
        ),
        absent=(load_balancer(None),),
        unknown=(load_balancer(accessLogs={"enabled": True, "bucket": UNKNOWN}),),
        other=TARGET_GROUP,
    ),
    "LB-05": Cases(
        passes=(
            (load_balancer(enableDeletionProtection=True),),
            (resource(types.LOAD_BALANCER, stack="dev", enableDeletionProtection=False),),
        ),
        fails=((load_balancer(enableDeletionProtection=False),), (load_balancer("network"),)),
        absent=(load_balancer(),),
        unknown=(load_balancer(enableDeletionProtection=UNKNOWN),),
        other=TARGET_GROUP,
    ),
    "LB-06": Cases(
        passes=(
            (load_balancer(), association(load_balancer())),
            (load_balancer(arn=ARN), resource(types.WEB_ACL_ASSOCIATION, resourceArn=ARN, webAclArn=UNKNOWN)),
            (load_balancer("network"),),
            (load_balancer("gateway"),),
        ),
        fails=(
            (load_balancer(),),
            (load_balancer(None),),
            (load_balancer(), resource(types.WEB_ACL_ASSOCIATION, resourceArn=ARN)),
            (load_balancer(), resource(types.LOAD_BALANCER, "other"), association(load_balancer())),
        ),
        absent=(load_balancer(), resource(types.WEB_ACL_ASSOCIATION, webAclArn=UNKNOWN)),
        unknown=(load_balancer(), resource(types.WEB_ACL_ASSOCIATION, resourceArn=UNKNOWN)),
        other=TARGET_GROUP,
    ),
    "LB-07": Cases(
        passes=(
            listener(sslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06"),
            listener(sslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06"),
            listener("TLS", sslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06"),
            listener(sslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04"),
            listener("TCP"),
            listener("HTTP"),
        ),
        fails=(
            listener(),
            listener("TLS"),
            listener(sslPolicy="ELBSecurityPolicy-2016-08"),
            listener(sslPolicy="ELBSecurityPolicy-TLS13-1-0-2021-06"),
            listener(sslPolicy="ELBSecurityPolicy-TLS13-1-1-2021-06"),
            listener("TLS", sslPolicy="ELBSecurityPolicy-TLS-1-1-2017-01"),
        ),
        absent=listener(),
        unknown=listener(sslPolicy=UNKNOWN),
        other=TARGET_GROUP,
    ),
}
