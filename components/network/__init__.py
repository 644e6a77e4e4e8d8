"""The VPC, its security groups, and the private ways into it."""
