"""The row that describes one operation. It holds facts; `document` turns them into OpenAPI.

To add an operation: write its handler, and a row beside its neighbours in `rows/`. What is not said in the row is read
from the handler: method and path, whether a key is needed, and the summary (first sentence of its docstring).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from bookbridge.api.integrations import PICTURES
from bookbridge.companies.company_input import PRODUCTS
from bookbridge.push.idempotency import ANSWER_KEPT, HEADER

JSON: Final = "application/json"


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query string or a header, or a named part of paths."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    is_required: bool = False
    is_extension: bool = False


@dataclass(frozen=True)
class Operation:
    """What one handler takes and answers."""

    handler: HTTPRouteHandler
    id: str
    """In kebab case, unique: what generated clients call it."""
    answers: Any = None
    """Type of the body on success (of each result, if `is_paged`); None for an empty body."""
    status: int = 200
    """Status of success: that of the answer, which may differ from the handler's declared one."""
    body: Any = None
    """Type of the JSON body that is sent; a record class stands for what an application may write of it."""
    is_body_required: bool = True
    is_upload: bool = False
    """A multipart form with one file is sent."""
    media_type: str = JSON
    """Of the answer; others than JSON answer with bytes."""
    is_paged: bool = False
    """Takes page and pageSize, and answers one page of results."""
    query_fields: Collection[str] = ()
    """What `query` and `orderBy` may name, of a page that takes them."""
    parameters: tuple[Parameter, ...] = ()
    """Of the query string, beyond those of pages."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Path parameters that stand for several addresses → what stands in their place: `{"segment": "bills"}`, or another
    name: `{"record_id": "{billId}"}`. Of one handler there are then several rows."""
    path_parameters: tuple[Parameter, ...] = ()
    """Named parts of the path that the table below does not know, or of which more is to be said."""
    paths: Collection[str] = ()
    """The handler's paths that this row describes, where it has several; otherwise all."""
    summary: str = ""
    """Instead of the first sentence of the handler's docstring."""
    description: str = ""
    """Instead of the rest of the handler's docstring."""
    errors: tuple[int, ...] = ()
    """Statuses of refusals beyond those that follow from the row (400, 401, 404, 409, 422, 500, 503)."""
    is_extension: bool = False
    """Not of the contract: ours."""
    is_deprecated: bool = False


def text(*, of: Collection[str] = ()) -> dict[str, Any]:
    """The schema of text, of the given words if there are any."""
    return {"type": "string", "enum": list(of)} if of else {"type": "string"}


def whole(at_least: int, at_most: int, default: int | None = None) -> dict[str, Any]:
    """The schema of a whole number within its limits."""
    found: dict[str, Any] = {"type": "integer", "minimum": at_least, "maximum": at_most}
    return found if default is None else {**found, "default": default}


def yes_or_no(default: bool) -> dict[str, Any]:
    """The schema of true or false."""
    return {"type": "boolean", "default": default}


IDEMPOTENCY_KEY: Final = Parameter(
    HEADER,
    f"A UUID of yours. The same request sent again under it within {ANSWER_KEPT // timedelta(minutes=1)} minutes is "
    "carried out once and gets the first answer again.",
    # Plain text: generators turn the format of a UUID into a class that they then cannot send as a header.
    {"type": "string", "minLength": 32, "maxLength": 45},
)

CONNECTION_ID: Final = Parameter(
    "connectionId",
    "The connection that is meant, where several of the company supply the data type.",
    {"type": "string", "format": "uuid"},
)

_UUID: Final = {"type": "string", "format": "uuid"}

PATH_PARAMETERS: Final[Mapping[str, Parameter]] = {
    "company_id": Parameter("companyId", "The company.", _UUID),
    "connection_id": Parameter("connectionId", "The connection.", _UUID),
    "attachment_id": Parameter("attachmentId", "The attachment.", text()),
    "bill_id": Parameter("billId", "The bill, by the accounting software's own id.", text()),
    "supplier_id": Parameter("supplierId", "The supplier, by the accounting software's own id.", text()),
    "record_id": Parameter("recordId", "The record, by the accounting software's own id.", text()),
    "dataset_id": Parameter("datasetId", "The read.", _UUID),
    "operation_id": Parameter("pushOperationKey", "The write.", _UUID),
    "webhook_id": Parameter("webhookId", "The webhook consumer.", _UUID),
    "rule_id": Parameter("ruleId", "The rule.", _UUID),
    "api_key_id": Parameter("apiKeyId", "The API key.", _UUID),
    "platform_key": Parameter("platformKey", "The platform, by its four letters.", text()),
    "custom_id": Parameter("customDataIdentifier", "Your name of the custom data type.", text()),
    "product": Parameter("productIdentifier", "The product.", text(of=PRODUCTS)),
    "name": Parameter("dataType", "The data type, by its key.", text()),
    "data_type": Parameter("dataType", "The data type, by its key.", text()),
    "picture": Parameter("picture", "The drawing.", text(of=PICTURES)),
}
"""Path parameters by their name in handlers."""
