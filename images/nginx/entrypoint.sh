#!/bin/sh
# Writes certificate and configuration from the environment to memory, then runs nginx.
set -eu
umask 077

: "${TLS_BUNDLE:?TLS_BUNDLE is not set: the task definition passes it from Secrets Manager}"
: "${NGINX_CONFIGURATION:?NGINX_CONFIGURATION is not set: the task definition passes it}"

printf '%s' "$TLS_BUNDLE" | jq -ej .certificate > /run/tls/server.crt
printf '%s' "$TLS_BUNDLE" | jq -ej .privateKey > /run/tls/server.key
printf '%s' "$TLS_BUNDLE" | jq -ej .authority > /run/tls/authority.crt
printf '%s' "$NGINX_CONFIGURATION" > /run/nginx/nginx.conf
if [ -n "${ORTHANC_CREDENTIAL:-}" ]; then
    printf 'proxy_set_header Authorization "%s";\n' "$ORTHANC_CREDENTIAL" > /run/nginx/credential.conf
fi
unset TLS_BUNDLE NGINX_CONFIGURATION ORTHANC_CREDENTIAL

exec nginx -c /run/nginx/nginx.conf -g 'daemon off;'
