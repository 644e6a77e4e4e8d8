"""Safeguards that the study's data require, names, and retention."""

from __future__ import annotations

from layout.naming import PREFIX_MAX
from layout.windows import meets_aws_backup, overlaps
from settings.models import Account, Backup, DatabaseSettings, Exposure, Logging, Storage, Study
from settings.rules.problem import Problem, Problems, Rule, shorten

PHI_AUDIT_DAYS = 2192  # six years: 45 CFR 164.316(b)(2)(i)
PHI_BACKUP_DAYS = 35


def phi_is_safeguarded(study: Study, database: DatabaseSettings, logging: Logging) -> Problems:
    """Real patients' data: a reader, recovery, six years of audit logs (45 CFR 164.308(a)(7), 164.316(b)(2))."""
    if study.data != "phi":
        return
    minimums = (
        ("database.readers", database.readers, 1),
        ("database.min_acu", database.min_acu, 0.5),
        ("database.backup_days", database.backup_days, PHI_BACKUP_DAYS),
        ("logging.audit_retention_days", logging.audit_retention_days, PHI_AUDIT_DAYS),
    )
    for key, value, minimum in minimums:
        if value < minimum:
            yield Problem(
                key=key,
                value=value,
                rule=f"with study.data phi it is at least {minimum:g}",
                remedy=f"Set it to {minimum:g} or more; only synthetic data may do with less",
            )


def phi_in_public_is_filtered(study: Study, exposure: Exposure, waf: bool) -> Problems:  # noqa: FBT001  called by name
    """What the internet can reach is behind the web application firewall."""
    if study.data == "phi" and exposure.kind == "public" and not waf:
        yield Problem(
            key="waf",
            value=waf,
            rule="with study.data phi and exposure.kind public the firewall is on",
            remedy="Set it to true, or exposure.kind to vpn",
        )


def environment_fits_data(environment: str, study: Study) -> Problems:
    """An environment called prod holds real data, and is checked as such."""
    if environment == "prod" and study.data != "phi":
        yield Problem(
            key="study.data",
            value=study.data,
            rule="the environment prod is checked as one that holds PHI",
            remedy="Set it to phi, or name the environment otherwise",
        )


def name_fits_every_service(environment: str, study: Study) -> Problems:
    """Names are `<study>-<environment>-<what>`; a load balancer's limit is the shortest."""
    prefix = f"{study.id}-{environment}"
    if len(prefix) > PREFIX_MAX:
        longer, other = ("environment", study.id) if len(environment) > len(study.id) else ("study.id", environment)
        yield Problem(
            key=longer,
            value=environment if longer == "environment" else study.id,
            rule=f"{shorten(prefix)!r} has {len(prefix)} characters; load balancer names leave room for {PREFIX_MAX}",
            remedy=f"Shorten {longer} to {max(PREFIX_MAX - len(other) - 1, 1)} characters",
        )


def study_ends_after_it_starts(study: Study) -> Problems:
    """The end dates the certificates, the reminder and the tag that says when resources may go."""
    if study.end <= study.start:
        yield Problem(
            key="study.end",
            value=study.end,
            rule=f"it is not after study.start {study.start}",
            remedy="Correct one of the two dates",
        )


def storage_classes_follow_each_other(storage: Storage) -> Problems:
    """S3 keeps an object at least 30 days in STANDARD_IA before it moves on."""
    infrequent, glacier = storage.standard_ia_days, storage.glacier_ir_days
    if infrequent is not None and glacier is not None and glacier < infrequent + 30:
        yield Problem(
            key="storage.glacier_ir_days",
            value=glacier,
            rule=f"it is at least 30 days after storage.standard_ia_days {infrequent}",
            remedy=f"Set it to {infrequent + 30} or more, or leave one class out",
        )


def retention_is_ordered(logging: Logging) -> Problems:
    """The audit trail is never shorter than the operational logs."""
    if logging.audit_retention_days < logging.retention_days:
        yield Problem(
            key="logging.audit_retention_days",
            value=logging.audit_retention_days,
            rule=f"it is below logging.retention_days {logging.retention_days}",
            remedy="Raise it",
        )


def copies_lie_elsewhere(account: Account, backup: Backup) -> Problems:
    """A second copy in the same Region would be lost with the first."""
    if backup.copy_region == account.region:
        yield Problem(
            key="backup.copy_region",
            value=backup.copy_region,
            rule="it is the home Region",
            remedy="Choose another Region, or leave the copy out",
        )


def database_windows_are_disjoint(database: DatabaseSettings) -> Problems:
    """RDS refuses a backup window in the maintenance window, and AWS Backup's daily job fails in or before either."""
    if overlaps(database.backup_start, database.maintenance_start):
        yield Problem(
            key="database.maintenance_start",
            value=f"{database.maintenance_start:%H:%M}",
            rule=f"its hour overlaps that of database.backup_start {database.backup_start:%H:%M}",
            remedy="Choose times an hour or more apart",
        )
    for key, start in (("backup_start", database.backup_start), ("maintenance_start", database.maintenance_start)):
        if meets_aws_backup(start):
            yield Problem(
                key=f"database.{key}",
                value=f"{start:%H:%M}",
                rule="AWS Backup starts from 05:00 to 06:00 UTC, and never in a window or in the hour before it",
                remedy="Choose a time from 07:00 to 04:00",
            )


RULES: tuple[Rule, ...] = (
    phi_is_safeguarded,
    phi_in_public_is_filtered,
    environment_fits_data,
    name_fits_every_service,
    study_ends_after_it_starts,
    storage_classes_follow_each_other,
    retention_is_ordered,
    copies_lie_elsewhere,
    database_windows_are_disjoint,
)
