"""The real Pulumi engine on a simulated AWS: `make rehearse`, or `. rehearsal/env` and any `pulumi` command."""
