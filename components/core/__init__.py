"""What every component builds on: names, lifecycle, keys, roles, secrets, log groups and alarms."""
