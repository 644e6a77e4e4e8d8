"""The ECS services: nginx in front of Orthanc, and what their tasks run with."""
