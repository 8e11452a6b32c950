"""The guide's printed Python sample, run with the older SDK it was written for, in an environment of its own.

Only the slips of the printed text are mended (`console.log`). Arguments: SERVER_URL API_KEY. Prints JSON at the end.
"""

import base64
import json
import sys

import codatsyncpayables
from codatsyncpayables.models import operations, shared

server_url, api_key = sys.argv[1:]
auth_header = "Basic " + base64.b64encode(api_key.encode()).decode()
payables_client = codatsyncpayables.CodatSyncPayables(
    security=shared.Security(auth_header=auth_header), server_url=server_url
)
company_name = "Sawayn Group"

company_request = shared.CompanyRequestBody(
    name=company_name,
)
company_response = payables_client.companies.create(company_request)
if company_response.status_code != 200:
    raise Exception("Could not create company")
company_id = company_response.company.id
print(company_id, file=sys.stderr)

connection_request = operations.CreateConnectionRequest(
    request_body=operations.CreateConnectionRequestBody(
        platform_key="qhyg",
    ),
    company_id=company_response.company.id,
)
connection_response = payables_client.connections.create(connection_request)
print(connection_response.connection.link_url, file=sys.stderr)

unlink_request = operations.UnlinkConnectionRequest(
    request_body=operations.UnlinkConnectionUpdateConnection(
        status=shared.DataConnectionStatus.UNLINKED,
    ),
    company_id=company_response.company.id,
    connection_id=connection_response.connection.id,
)
unlink_response = payables_client.connections.unlink(unlink_request)

print(
    json.dumps(
        {
            "company": company_id,
            "link_url": connection_response.connection.link_url,
            "status": connection_response.connection.status.value,
            "unlink_status_code": unlink_response.status_code,
        }
    )
)
