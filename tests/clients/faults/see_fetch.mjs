// Node's fetch: what it reports of each URL, given as SECONDS PATH after the server's URL.
const [server, ...cases] = process.argv.slice(2);

async function size(url, seconds) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(seconds * 1000) });
  return `${answer.status} ${(await answer.arrayBuffer()).byteLength}`;
}

for (const each of cases) {
  const [seconds, path] = each.split(" ");
  try {
    console.log(await size(server + path, Number(seconds)));
  } catch (error) {
    // In mid-body the cause differs from one time to the next.
    const cut = error.message === "terminated";
    console.log(cut ? error.message : (error.cause?.code ?? error.name));
  }
  // Whatever happened, the next request must succeed.
  const next = await size(`${server}/status/200`, 10);
  if (next !== "200 0") throw new Error(`${next} after ${path}`);
}
