#!/bin/bash
# Translates the study's variables into those of this image, writes secrets to memory, then runs Orthanc.
# Unsets DICOM_AET, DICOM_PORT, PG_USER and PG_PASSWORD, because the image does not start if they are set.
set -euo pipefail
umask 077

: "${TLS_BUNDLE:?TLS_BUNDLE is not set: the task definition passes it from Secrets Manager}"
: "${ORTHANC_CONFIGURATION:?ORTHANC_CONFIGURATION is not set: the task definition passes it}"

python3 - <<'PYTHON'
import json, os, pathlib

tls = pathlib.Path("/run/tls")
bundle = json.loads(os.environ["TLS_BUNDLE"])
(tls / "server.crt").write_text(bundle["certificate"])
(tls / "server.key").write_text(bundle["privateKey"])
(tls / "server.pem").write_text(bundle["privateKey"] + bundle["certificate"])
(tls / "authority.crt").write_text(bundle["authority"])
PYTHON

export ORTHANC_JSON="$ORTHANC_CONFIGURATION"
export ORTHANC__REGISTERED_USERS="$ORTHANC_USERS"
# Quoted, because the image parses values as JSON where it can, and an AE title may look like a number.
export ORTHANC__DICOM_AET="\"$DICOM_AET\""
export ORTHANC__DATABASE_SERVER_IDENTIFIER="\"$HOSTNAME\""
# libpq's own variables, which are not parsed, so that a password may contain any character.
export PGUSER="$PG_USER" PGPASSWORD="$PG_PASSWORD"
unset TLS_BUNDLE ORTHANC_CONFIGURATION ORTHANC_USERS DICOM_AET DICOM_PORT PG_USER PG_PASSWORD

# The image copies the plugins here only if the folder exists; else to /usr/share, which is read-only.
mkdir -p /run/orthanc/plugins

exec /drain.sh /docker-entrypoint.sh /tmp/orthanc.json
