"""Rotation of the database password: a Lambda function, deployed by components/data/rotation.py.

Two roles take turns, so that the pair in use is never the one that changes: whoever read it can log in until the next
rotation. https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets_strategies.html
"""
