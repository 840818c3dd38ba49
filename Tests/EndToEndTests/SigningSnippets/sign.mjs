// Signs the URL of an image, and prints the query. docs/security.md shows the function.
// usage: node sign.mjs PATH QUERY SECONDS KID SECRET NOW

import { createHmac } from "node:crypto";

const GRAIN = 300; // as SIGNED_URL_GRAIN_SECONDS

function signedQuery(path, query, seconds, kid, secret, now) {
  const expires = Math.ceil((now + seconds) / GRAIN) * GRAIN;
  const issued = Math.floor(now / GRAIN) * GRAIN;
  const signed = `${query ? query + "&" : ""}exp=${expires}&iat=${issued}&kid=${kid}`;
  const text = `tintype-url-1\n${path}\n${signed}`;
  const code = createHmac("sha256", secret).update(text).digest("base64url");
  return `${signed}&sig=${code}`;
}

const [path, query, seconds, kid, secret, now] = process.argv.slice(2);
console.log(signedQuery(path, query, Number(seconds), kid, secret, Number(now)));
