"""Public certificates, which ACM issues for a name in the store's hosted zone and renews."""

from __future__ import annotations

import pulumi
from pulumi_aws import acm, route53

from components.core import Component
from settings import Dns


def certificate(component: Component, suffix: str, *, domain: str, dns: Dns) -> pulumi.Output[str]:
    """Creates a certificate for `domain`, proves by DNS that the zone is ours, and returns its ARN once it is issued.

    ACM renews it for as long as the proof stays in the zone:
    https://docs.aws.amazon.com/acm/latest/userguide/dns-renewal-validation.html
    """
    requested = acm.Certificate(
        component.child(suffix),
        domain_name=domain,
        validation_method="DNS",
        tags=component.names.tags(suffix),
        opts=component.options(),
    )
    proof = requested.domain_validation_options[0]
    record = route53.Record(
        component.child(f"{suffix}-proof"),
        zone_id=dns.zone_id,
        name=proof.resource_record_name,
        type=proof.resource_record_type,
        records=[proof.resource_record_value],
        ttl=300,
        opts=component.options(),
    )
    issued = acm.CertificateValidation(
        component.child(f"{suffix}-issued"),
        certificate_arn=requested.arn,
        validation_record_fqdns=[record.fqdn],
        opts=component.options(),
    )
    return issued.certificate_arn
