#!/bin/sh
# The stream with curl. Prints one line for each change: the event and the job as JSON. Resumes after a lost connection.
#
#   sh examples/stream.sh http://localhost:3000 'strategyType=PROGRAM'
#
# Without resuming, one line is enough: curl -N http://localhost:3000/api/v1/events
base=${1:-http://localhost:3000}
query=${2:-}
id='' retry=3000

# A named pipe instead of `curl | while`: a loop after a pipe runs in a subshell, so the last id would be lost.
pipe=$(mktemp -u) && mkfifo "$pipe" || exit 1
trap 'rm -f "$pipe"; kill "$curl" 2>/dev/null' EXIT
trap 'exit 0' INT TERM

while :; do
  # -N: no buffering. --speed-*: a connection with less than a byte a second for 75 s is dead, since a server sends a ping after
  # at most 60 s. -w: the `!` ends an incomplete line. A newline alone could look like the end of an incomplete frame.
  curl -sS -N --speed-limit 1 --speed-time 75 -w '!\nstatus: %{http_code}\n' \
    -H 'Accept: text/event-stream' ${id:+-H "Last-Event-ID: $id"} \
    "$base/api/v1/events?$query" >"$pipe" &
  curl=$!

  event='' data='' next_id='' next_retry=''
  while IFS= read -r line; do
    case $line in
      'event: '*) event=${line#event: } ;;
      'data: '*) data=${line#data: } ;;
      'id: '*) next_id=${line#id: } ;;
      'retry: '*) next_retry=${line#retry: } ;;
      # The end of a frame. Nothing of a frame counts before it is complete.
      '')
        case $event in job_*) printf '%s %s\n' "$event" "$data" ;; esac
        id=${next_id:-$id} retry=${next_retry:-$retry}
        event='' data='' next_id='' next_retry=''
        ;;
      # A refusal has the reason in JSON. A repeated request gets the same 4xx. 429 and 5xx are temporary.
      '{'*) printf '%s\n' "${line%!}" >&2 ;;
      'status: 429') retry=30000 ;;
      'status: 4'*) exit 1 ;;
    esac
  done <"$pipe"
  sleep $((retry / 1000 + 1))
done
