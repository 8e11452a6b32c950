/*
 * The guides' printed TypeScript samples, run with the official npm library that offers these calls.
 *
 * Only the slips of the printed text are mended: the calls are awaited, and the test of the status is turned round.
 * Arguments: SERVER_URL API_KEY; the platform's key on standard input. Prints JSON at the end.
 */
import { CodatSyncExpenses } from "@codat/sync-for-expenses";
import { DataConnectionStatus } from "@codat/sync-for-expenses/dist/sdk/models/shared";
import { argumentsOf, told } from "./program";

async function main() {
  const { url: serverURL, authHeader } = argumentsOf();
  const platformKey = (await told()) as string;
  const payablesClient = new CodatSyncExpenses({ security: { authHeader }, serverURL });
  const companyName = "Sawayn Group";

  const companyResponse = await payablesClient.companies.create({
    name: companyName,
  });
  if (companyResponse.statusCode != 200) {
    throw new Error("Could not create company");
  }
  const companyId = companyResponse.company!.id;

  const connectionResponse = await payablesClient.connections.create({
    requestBody: {
      platformKey,
    },
    companyId: companyResponse.company!.id,
  });

  const partnerResponse = await payablesClient.connections.createPartnerExpenseConnection({
    companyId: companyResponse.company!.id,
  });

  const unlinkResponse = await payablesClient.connections.unlink({
    requestBody: {
      status: DataConnectionStatus.Unlinked,
    },
    companyId: companyResponse.company!.id,
    connectionId: connectionResponse.connection!.id,
  });

  console.log(
    JSON.stringify({
      company: companyId,
      redirect: companyResponse.company!.redirect,
      connection: connectionResponse.connection,
      partner: partnerResponse.connection,
      unlinked: unlinkResponse.connection,
    }),
  );
}

void main();
