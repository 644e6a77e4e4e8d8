"""The ECS services: nginx in front of Orthanc, and what their tasks run with."""

from components.service import nginx, orthanc, viewer
from components.service.certificates import PrivateCa
from components.service.cluster import Cluster
from components.service.credentials import OrthancCredentials
from components.service.images import Images
from components.service.redeploy import RedeployOnRotation
from components.service.scaling import Signal, requests_per_task
from components.service.tier import Peer, Route, Tier

__all__ = [
    "Cluster",
    "Images",
    "OrthancCredentials",
    "Peer",
    "PrivateCa",
    "RedeployOnRotation",
    "Route",
    "Signal",
    "Tier",
    "nginx",
    "orthanc",
    "requests_per_task",
    "viewer",
]
