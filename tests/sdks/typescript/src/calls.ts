/*
 * Calls of the npm libraries, one JSON object a line. Arguments: SERVER_URL API_KEY.
 *
 * In:  {"library": "accounting", "call": "bills.create", "request": {…}}
 * Out: {"result": …}, or {"error": {…}} when the library threw. A file that comes down is {"base64": …}.
 *
 * Files are not sent up: these libraries put the bytes into the form as a text of decimal numbers without a file name.
 */
import { createInterface } from "node:readline";

import { CodatAccounting } from "@codat/accounting";
import { CodatCommon } from "@codat/common";
import { CodatLending } from "@codat/lending";
import { CodatPlatform } from "@codat/platform";
import { CodatSyncExpenses } from "@codat/sync-for-expenses";
import { argumentsOf } from "./program";

type Method = (request?: unknown, ...more: unknown[]) => Promise<unknown>;

interface Told {
  library: string;
  call: string;
  request?: Record<string, unknown>;
}

const { url: serverURL, authHeader } = argumentsOf();
const older = { serverURL, security: { authHeader } };
const libraries: Record<string, unknown> = {
  accounting: new CodatAccounting(older),
  common: new CodatCommon(older),
  expenses: new CodatSyncExpenses(older),
  lending: new CodatLending(older),
  platform: new CodatPlatform({ serverURL, authHeader, retryConfig: { strategy: "none" } }),
};

/* The library's own objects without the raw HTTP response; bytes in base 64. */
function plain(found: unknown): unknown {
  const shown = JSON.stringify(found ?? null, function (this: Record<string, unknown>, name, value) {
    if (name === "rawResponse") return undefined;
    const held = this[name]; // before a Buffer turned itself into JSON
    return held instanceof Uint8Array ? { base64: Buffer.from(held).toString("base64") } : value;
  });
  return JSON.parse(shown);
}

async function answer(told: Told): Promise<unknown> {
  const path = told.call.split(".");
  const name = path.pop()!;
  const owner = path.reduce((held, part) => (held as Record<string, unknown>)[part], libraries[told.library]) as Record<string, Method>;
  try {
    return { result: plain(await owner[name](told.request)) };
  } catch (error) {
    const { name: type, message, body, statusCode } = error as Error & { body?: string; statusCode?: number };
    return { error: { type, message, body, statusCode } };
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line) as Told)));
  }
}

void main();
