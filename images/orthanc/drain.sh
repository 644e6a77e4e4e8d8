#!/bin/bash
# Runs a command. On a stop signal, keeps it running until no connection is open, and only then forwards the signal, because
# Orthanc drops requests in flight. No new clients arrive meanwhile: ECS has removed the task from service discovery.
set -uo pipefail

read -r least most <<< "$DRAIN_SECONDS"
pattern=""
for port in $DRAIN_PORTS; do pattern+="|$(printf '%04X' "$port")"; done
pattern="^ *[0-9]+: [0-9A-F]+:(${pattern#|}) [0-9A-F]+:[0-9A-F]+ 01 "  # 01: established

connected() { grep -qE "$pattern" /proc/net/tcp /proc/net/tcp6 2> /dev/null; }

leaving=""
trap 'leaving=yes' TERM INT
"$@" &
child=$!
wait "$child"
status=$?
if [[ -n "$leaving" ]]; then
    started=$SECONDS
    while kill -0 "$child" 2> /dev/null && ((SECONDS - started < most)); do
        if ((SECONDS - started >= least)) && ! connected; then break; fi
        sleep 0.5
    done
    kill -TERM "$child" 2> /dev/null
    wait "$child"
    status=$?
fi
exit "$status"
