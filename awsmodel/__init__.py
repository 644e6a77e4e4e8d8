"""AWS and its companions as data: what each provider type takes, and what its resources look like once they exist.

The tables are derived from the SDK's argument classes and AWS's CloudFormation schemas; three reviewed files hold what
neither of them says. The simulated AWS, the renderer and the review of changes are built on it.
"""
