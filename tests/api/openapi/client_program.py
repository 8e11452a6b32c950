"""What an application would write with a client that was generated from our document. Runs in a process of its own.

    python client_program.py BASE_URL KEY COMPANY CONNECTION

It uses nothing but the generated package `bookbridge_client`, and prints what it found as JSON.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import uuid

from bookbridge_client import AuthenticatedClient
from bookbridge_client.api.companies import create_company, list_companies
from bookbridge_client.api.integrations import get_integration_picture
from bookbridge_client.api.reads import get_company_data_status
from bookbridge_client.api.records import create_bill, create_supplier, get_bill, list_bills, upload_bill_attachment
from bookbridge_client.api.writes import get_create_update_model_options_by_data_type, get_push_operation
from bookbridge_client.models import (
    BillToWrite,
    CompanyBody,
    ErrorBody,
    SupplierStatus,
    SupplierToWrite,
    UploadBillAttachmentBody,
)
from bookbridge_client.types import File

base_url, key, company_text, connection_text = sys.argv[1:]
token = base64.b64encode(key.encode()).decode()
client = AuthenticatedClient(base_url=base_url, token=token, prefix="Basic", timeout=20.0)
company, connection = uuid.UUID(company_text), uuid.UUID(connection_text)

same = str(uuid.uuid4())
made = [create_company.sync(client=client, body=CompanyBody(name="Twice"), idempotency_key=same) for _ in range(2)]
companies = list_companies.sync(client=client, query="name=Twice", page_size=10)
bills = list_bills.sync(company, client=client, page=2, page_size=10, query="status=Open", order_by="-totalAmount")
bill = get_bill.sync(company, bills.results[0].id, client=client)
missing = get_bill.sync(company, "none", client=client)
refused = list_bills.sync(company, client=client, query="nonsense=1")
options = get_create_update_model_options_by_data_type.sync(company, connection, "suppliers", client=client)
supplier = SupplierToWrite(supplier_name="Generated & Co", status=SupplierStatus.ACTIVE)
pushed = create_supplier.sync(company, connection, client=client, body=supplier, timeout_in_minutes=5)
faulty = create_bill.sync(company, connection, client=client, body=BillToWrite.from_dict({
    "issueDate": "2026-01-05T00:00:00", "status": "Open", "subTotal": 1, "taxAmount": 1, "totalAmount": 5,
}))  # fmt: skip
looked_up = get_push_operation.sync(company, pushed.push_operation_key, client=client)
attached = upload_bill_attachment.sync(
    company,
    connection,
    bill.id,
    client=client,
    body=UploadBillAttachmentBody(file=File(io.BytesIO(b"%PDF-1.7 a scan"), "scan.pdf", "application/pdf")),
)
status = get_company_data_status.sync(company, client=client)
picture = get_integration_picture.sync("gbol", "logo.svg", client=client)

json.dump(
    {
        "created_once": made[0].id == made[1].id and companies.total_results == 1,
        "bills": [one.id for one in bills.results],
        "total_bills": bills.total_results,
        "previous": bills.field_links.previous.href,
        "bill": [bill.id, bill.total_amount, bill.status.value, bill.metadata.is_deleted, bill.modified_date],
        "missing": [type(missing) is ErrorBody, missing.status_code],
        "refused": [type(refused) is ErrorBody, refused.status_code],
        "option": options.properties["supplierName"].type_.value,
        "pushed": [pushed.status, pushed.status_code, pushed.timeout_in_minutes],
        "faulty": [faulty.status, len(faulty.validation.errors) > 0],
        "looked_up": looked_up.push_operation_key == pushed.push_operation_key,
        "attached": attached.status,
        "status": status["bills"].current_status,
        "picture": picture.payload.read()[:4].decode(),
    },
    sys.stdout,
)
