#!/bin/sh
# The stream with curl: one change a line, its event and the job as JSON, resumed after a break.
#
#   sh examples/stream.sh http://localhost:3000 'strategyType=PROGRAM'
#
# To only look at it:  curl -N http://localhost:3000/api/v1/events
base=${1:-http://localhost:3000}
query=${2:-}
id='' retry=3000

# A named pipe, and not `curl | while`: there the loop would be a process of its own, and the last id lost in it.
pipe=$(mktemp -u) && mkfifo "$pipe" || exit 1
trap 'rm -f "$pipe"; kill "$curl" 2>/dev/null' EXIT
trap 'exit 0' INT TERM

while :; do
  # -N: no buffering. --speed-*: less than a byte a second for 75 s is a dead connection.
  curl -sS -N --speed-limit 1 --speed-time 75 -w '\nstatus: %{http_code}\n' \
    -H 'Accept: text/event-stream' ${id:+-H "Last-Event-ID: $id"} \
    "$base/api/v1/events?types=connected,ping,job_*&$query" >"$pipe" &
  curl=$!

  event='' next=''
  while IFS= read -r line; do
    case $line in
      'event: '*) event=${line#event: } ;;
      'data: '*) case $event in job_*) printf '%s %s\n' "$event" "${line#data: }" ;; esac ;;
      'id: '*) next=${line#id: } ;;
      'retry: '*) retry=${line#retry: } ;;
      # The end of a frame: only now has it come whole, and its id counts.
      '') id=${next:-$id} event='' next='' ;;
      # A refusal says why in JSON. A 4xx would be the same next time; 429 and 5xx pass.
      '{'*) printf '%s\n' "$line" >&2 ;;
      'status: 429') retry=30000 ;;
      'status: 4'*) exit 1 ;;
    esac
  done <"$pipe"
  sleep $((retry / 1000 + 1))
done
