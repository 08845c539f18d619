// Node: what it reports of each URL, given as URL CA CRL CERTIFICATE; - is none.
import { readFileSync } from "node:fs";
import https from "node:https";

const file = (name) => (name === "-" ? undefined : readFileSync(name));

function reported(url, options) {
  return new Promise((resolve) => {
    const request = https.get(url, { ...options, timeout: 20000, agent: false }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode));
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", (error) => {
      // Some of OpenSSL's reasons have no code of their own.
      const code = error.code === "UNSPECIFIED" ? error.message : error.code;
      resolve(code ?? error.message);
    });
  });
}

for (const each of process.argv.slice(2)) {
  const [url, ca, crl, certificate] = each.split(" ");
  const own = file(certificate);
  console.log(await reported(url, { ca: file(ca), crl: file(crl), cert: own, key: own }));
}
