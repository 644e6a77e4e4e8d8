"""All checks, in the order in which they are run: this machine, the account, AWS services, then what people look up."""

from ops.deploy.doctor.checks import (
    account,
    agreements,
    backup,
    dns,
    images,
    quotas,
    saml,
    service_linked_roles,
    splunk,
    state,
    tools,
)

GROUPS = (tools, account, state, dns, images, saml, splunk, service_linked_roles, quotas, backup, agreements)
CHECKS = tuple(check for group in GROUPS for check in group.CHECKS)
