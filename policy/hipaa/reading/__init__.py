"""How rules read a resource: policy documents, buckets, network rules and links between resources."""
