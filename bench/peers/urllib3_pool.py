# urllib3, one kept connection of a pool.
import json
import os
import re
import sys
import time

import urllib3

url, operation, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
warm = int(sys.argv[5]) if len(sys.argv) > 5 else 1
accept = operation == "accept"
rows = 0 if accept else int(operation[4:])
pool = urllib3.PoolManager(ca_certs=os.environ["BENCH_CA"])
headers = {"Accept": "application/json", "Authorization": "Bearer bench",
           "Accept-Encoding": "gzip, deflate"}
if accept:
    headers["Content-Type"] = "application/json"


def one():
    if accept:
        answer = pool.request(
            "PUT", url + "/v1/entity-connections/"
            "8a808255575bdae401576a914a140420/accept",
            headers=headers, body=b"{}", redirect=False)
    else:
        answer = pool.request(
            "GET", f"{url}/v1/entity-connections?pageSize={rows}",
            headers=headers, redirect=False)
    data = json.loads(answer.data)
    assert answer.status == 200 and data["success"] is True
    assert accept or len(data["entityConnections"]) == rows


for _ in range(warm):
    one()
began, used = time.perf_counter(), time.process_time()
for _ in range(calls):
    one()
seconds, cpu = time.perf_counter() - began, time.process_time() - used
with open("/proc/self/status") as status:
    rss = int(re.search(r"VmRSS:\s*(\d+)", status.read())[1])
print(json.dumps({"calls": calls, "seconds": seconds, "cpu": cpu, "rss": rss}))
