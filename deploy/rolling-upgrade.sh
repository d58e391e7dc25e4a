#!/usr/bin/env bash
# Replaces processes one after the other: the next one only when the one before is ready again.
#
#   deploy/rolling-upgrade.sh URL COMMAND [URL COMMAND]...
#
# URL      where the process answers, without a path
# COMMAND  what restarts it with the new version: it stops the old one (SIGTERM) and starts the new one
#
# Migrate first (`jobcast migrate`), with the new version. Then the indexers: a stopped one releases its lease at once. Then the
# api processes: each ends its streams cleanly, and the clients resume at another one.
#
#   deploy/rolling-upgrade.sh \
#     http://10.0.0.1:3000 'ssh 10.0.0.1 systemctl restart jobcast-indexer' \
#     http://10.0.0.2:3000 'ssh 10.0.0.2 systemctl restart jobcast-api' \
#     http://10.0.0.3:3000 'ssh 10.0.0.3 systemctl restart jobcast-api'
#
# Ends at the first process that is not ready within READY_SECONDS (60): the processes after it still run the old
# version.
set -euo pipefail

ready_seconds=${READY_SECONDS:-60}

if [ $# -eq 0 ] || [ $(($# % 2)) -ne 0 ]; then
  echo "usage: $0 URL COMMAND [URL COMMAND]..." >&2
  exit 2
fi

check() { curl --silent --fail --max-time 5 --output /dev/null "$1/ready"; }
arguments=("$@")
# All must be ready before the first is replaced. Otherwise two could be down at the same time.
for ((i = 0; i < ${#arguments[@]}; i += 2)); do
  check "${arguments[i]}" || { echo "${arguments[i]} is not ready: nothing was changed" >&2; exit 1; }
done

for ((i = 0; i < ${#arguments[@]}; i += 2)); do
  url=${arguments[i]}
  echo "$url: replacing"
  bash -c "${arguments[i + 1]}"
  deadline=$((SECONDS + ready_seconds))
  until check "$url"; do
    if [ $SECONDS -ge $deadline ]; then
      echo "$url is not ready after $ready_seconds s; the processes after it were left as they were" >&2
      exit 1
    fi
    sleep 0.2
  done
  echo "$url: ready"
done
