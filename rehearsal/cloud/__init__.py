"""A simulated AWS that rejects what AWS rejects: resources in a folder, and rules that every change must pass.

It is generic. Inputs are checked against the tables of `awsmodel`; what those cannot know (which names must be unique,
what depends on what) is in one reviewed file, `behaviours.yaml`.
"""
