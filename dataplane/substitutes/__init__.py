"""Substitutes for what no Debian package has: Orthanc's base image, its OHIF plugin, and a name of libssl."""
