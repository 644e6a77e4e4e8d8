"""Typed settings of one stack: all that may differ between environments, and every rule that joins two of them.

`Settings.load()` reads the project's namespace of the stack's configuration (`Pulumi.<stack>.yaml` over the defaults
of `Pulumi.yaml`) and checks all of it before the first resource is declared. Secure values are the defaults; whatever
is weaker has to be written down in a stack file.
"""

from settings.load import Settings, SettingsError, stack_name
from settings.models import (
    Access,
    Account,
    Archive,
    Audit,
    Backup,
    Budget,
    Center,
    CenterGateway,
    ClientVpn,
    DatabaseSettings,
    Dns,
    Exposure,
    Identity,
    ImageSettings,
    Logging,
    Network,
    Period,
    Schedule,
    SplunkSettings,
    Storage,
    Study,
    TierSettings,
    Usage,
    Window,
)

__all__ = [
    "Access",
    "Account",
    "Archive",
    "Audit",
    "Backup",
    "Budget",
    "Center",
    "CenterGateway",
    "ClientVpn",
    "DatabaseSettings",
    "Dns",
    "Exposure",
    "Identity",
    "ImageSettings",
    "Logging",
    "Network",
    "Period",
    "Schedule",
    "Settings",
    "SettingsError",
    "SplunkSettings",
    "Storage",
    "Study",
    "TierSettings",
    "Usage",
    "Window",
    "stack_name",
]
