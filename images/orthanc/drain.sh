#!/bin/bash
# Runs a command. Once told to stop, lets it serve until nobody is connected any more, and only then passes that on:
# Orthanc cuts what is in flight. Nobody new comes meanwhile: ECS has taken the task out of discovery.
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
