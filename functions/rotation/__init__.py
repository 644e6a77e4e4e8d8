"""Rotation of the database password: a Lambda function, deployed by components/data/rotation.py.

Two database users alternate, so that a rotation never changes the credentials in use: they stay valid until the next
rotation. https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets_strategies.html
"""
