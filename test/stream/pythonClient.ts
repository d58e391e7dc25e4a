/**
 * A subscriber that uses only Python's standard library. Arguments: URL, how many jobs to wait for. It prints
 * type and id of each event, closes the connection after each job, and resumes after the last id.
 */
export const pythonClient = `
import sys, urllib.request

url, wanted = sys.argv[1], int(sys.argv[2])
last = None
while wanted > 0:
    request = urllib.request.Request(url, headers={"Accept": "text/event-stream"})
    if last is not None:
        request.add_header("Last-Event-ID", last)
    with urllib.request.urlopen(request) as response:
        event, data = None, []
        for raw in response:
            line = raw.decode("utf-8").rstrip("\\r\\n")
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "id":
                last = value
            elif name == "data":
                data.append(value)
            elif line == "" and data:
                print(event, last)
                was_job = event == "job_created"
                event, data = None, []
                if was_job:
                    wanted -= 1
                    break
`
