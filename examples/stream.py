#!/usr/bin/env python3
"""The stream in Python, with nothing but the standard library.

    python3 examples/stream.py http://localhost:3000 'strategyType=PROGRAM'
"""
import http.client
import json
import random
import sys
import time
import urllib.error
import urllib.request

# Seconds. A server sends a ping after at most 60 s. A connection that is silent for longer is dead, even without an error.
SILENCE = 75


def frames(response):
    """Yields (event, id, retry, data) for each blank-line-terminated frame."""
    fields = {}
    for raw in response:
        line = raw.decode("utf-8").rstrip("\r\n")
        if line == "":
            if fields:
                yield fields.get("event"), fields.get("id"), fields.get("retry"), fields.get("data")
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")


def subscribe(base, query):
    """Yields (event, data) forever. A lost connection continues after the last id."""
    last_id, retry, failures = None, 3.0, 0
    while True:
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        wait = 0.0
        try:
            request = urllib.request.Request(f"{base}/api/v1/events?{query}", headers=headers)
            with urllib.request.urlopen(request, timeout=SILENCE) as response:
                for event, id_, retry_, data in frames(response):
                    if retry_ is not None:
                        retry = int(retry_) / 1000
                    if data is not None:
                        failures = 0
                        yield event, json.loads(data)
                    # After the yield: the id counts only when its event has been processed.
                    last_id = id_ or last_id
        except urllib.error.HTTPError as error:
            # A repeated request gets the same 4xx, and its body has the reason. 429 and 5xx are temporary.
            if error.code < 500 and error.code != 429:
                sys.exit(error.read().decode())
            after = error.headers.get("Retry-After") or ""
            wait = float(after) if after.isdigit() else 0.0
            failures += 1
        except (OSError, http.client.HTTPException) as error:
            print(error, file=sys.stderr)
            failures += 1
        # Doubled after each failure, with jitter, so that not all clients return at once after a restart of the server.
        time.sleep(max(wait, min(retry * 2 ** min(max(0, failures - 1), 10), 60)) * random.uniform(1, 1.3))


def main():
    base = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:3000"
    query = sys.argv[2] if len(sys.argv) > 2 else ""
    for event, data in subscribe(base, query):
        # Created: add. Updated: replace, or delete if the job no longer matches. Removed by a reorg: delete.
        if event in ("job_created", "job_updated", "job_removed"):
            print(event, data["jobId"], data["status"], flush=True)
        elif event == "connected" and data["resumed"] is False:
            print("there is a gap: read /api/v1/jobs", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
