"""A simulated AWS: Pulumi provider plugins aws, awsx, tls and random that refuse what AWS would refuse.

Generic on purpose. Inputs are checked against the SDK's argument classes and AWS's own resource schemas; what those
cannot know (how ids look, which names must be unique, what depends on what) stands in three reviewed data files.
"""
