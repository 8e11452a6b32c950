/* What every program here is started with: SERVER_URL API_KEY as arguments, and JSON on standard input. */

export function argumentsOf(): { url: string; key: string; authHeader: string } {
  const [url, key] = process.argv.slice(2);
  if (!url || !key) throw new Error("usage: PROGRAM SERVER_URL API_KEY, and JSON on standard input");
  return { url, key, authHeader: `Basic ${Buffer.from(key).toString("base64")}` };
}

export async function told(): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf-8"));
}
