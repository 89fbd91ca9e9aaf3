// Node's fetch, which is undici. NODE_EXTRA_CA_CERTS names the authority.
import { readFileSync } from "node:fs";

const [url, operation, calls, , warm = "1"] = process.argv.slice(2);
const accept = operation === "accept";
const rows = Number(operation.slice(4));
const path = "/v1/entity-connections" + (accept
  ? "/8a808255575bdae401576a914a140420/accept" : `?pageSize=${rows}`);
const headers = { Accept: "application/json", Authorization: "Bearer bench" };
if (accept) headers["Content-Type"] = "application/json";

async function run(n) {
  for (let i = 0; i < n; i++) {
    const answer = await fetch(url + path, accept
      ? { method: "PUT", headers, body: "{}" } : { headers });
    const data = await answer.json();
    if (!data.success || (!accept && data.entityConnections.length !== rows))
      throw new Error("not the answer");
  }
}

await run(Number(warm));
const used = process.cpuUsage();
const began = process.hrtime.bigint();
await run(Number(calls));
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
const cpu = process.cpuUsage(used);
const status = readFileSync("/proc/self/status", "utf8");
console.log(JSON.stringify({
  calls: Number(calls), seconds, cpu: (cpu.user + cpu.system) / 1e6,
  rss: Number(/VmRSS:\s*(\d+)/.exec(status)[1]),
}));
process.exit(0);
