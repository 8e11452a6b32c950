/*
 * Calls of the npm libraries, one JSON object a line. Arguments: SERVER_URL API_KEY.
 *
 * In:  {"library": "accounting", "call": "bills.create", "request": {…}, "file"?: {"model": …, "fileName": …, "base64": …}}
 * Out: {"result": …}, or {"error": {…}} when the library threw.
 *
 * A file goes into the request's `requestBody`, as the class `model` of the library's operations; one that comes down
 * is {"base64": …}.
 */
import { createInterface } from "node:readline";

import { CodatAccounting } from "@codat/accounting";
import * as accountingOperations from "@codat/accounting/dist/sdk/models/operations";
import { CodatCommon } from "@codat/common";
import * as commonOperations from "@codat/common/dist/sdk/models/operations";
import { CodatLending } from "@codat/lending";
import * as lendingOperations from "@codat/lending/dist/sdk/models/operations";
import { CodatPlatform } from "@codat/platform";
import { CodatSyncExpenses } from "@codat/sync-for-expenses";
import * as expensesOperations from "@codat/sync-for-expenses/dist/sdk/models/operations";
import { argumentsOf } from "./program";

type Method = (request?: unknown, ...more: unknown[]) => Promise<unknown>;
type Model = new (values: unknown) => unknown;

interface Told {
  library: string;
  call: string;
  request?: Record<string, unknown>;
  file?: { model: string; fileName: string; base64: string };
}

const { url: serverURL, authHeader } = argumentsOf();
const older = { serverURL, security: { authHeader } };
const libraries: Record<string, { client: unknown; operations?: object }> = {
  accounting: { client: new CodatAccounting(older), operations: accountingOperations },
  common: { client: new CodatCommon(older), operations: commonOperations },
  expenses: { client: new CodatSyncExpenses(older), operations: expensesOperations },
  lending: { client: new CodatLending(older), operations: lendingOperations },
  platform: { client: new CodatPlatform({ serverURL, authHeader, retryConfig: { strategy: "none" } }) },
};

function requestOf({ request, file }: Told, operations: object | undefined): unknown {
  if (!file) return request;
  const Body = (operations as Record<string, Model>)[file.model];
  const content = new Uint8Array(Buffer.from(file.base64, "base64"));
  return { ...request, requestBody: new Body({ content, requestBody: file.fileName }) };
}

/* The library's own objects without the raw HTTP response; bytes in base 64. */
function plain(found: unknown): unknown {
  const shown = JSON.stringify(found ?? null, (name, value) => {
    if (name === "rawResponse") return undefined;
    return value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : value;
  });
  return JSON.parse(shown);
}

async function answer(told: Told): Promise<unknown> {
  const { client, operations } = libraries[told.library];
  const path = told.call.split(".");
  const name = path.pop()!;
  const owner = path.reduce((held, part) => (held as Record<string, unknown>)[part], client) as Record<string, Method>;
  const request = requestOf(told, operations);
  try {
    return { result: plain(await owner[name](request)) };
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
