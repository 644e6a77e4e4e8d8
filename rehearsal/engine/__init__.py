"""The Pulumi CLI as a Go tool and a Python language host, for machines without the official bundle."""
