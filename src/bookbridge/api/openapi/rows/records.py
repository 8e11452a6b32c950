"""Rows of reading and writing records: the few handlers that serve every data type, told for each of them.

Which data types can be written follows from the connectors: an address is described when some connector takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bookbridge.accounting import catalog
from bookbridge.accounting.attachments import Attachment
from bookbridge.accounting.catalog import DATA_TYPES, AnyDataType
from bookbridge.accounting.data_type import Level
from bookbridge.accounting.options import PushOption
from bookbridge.accounting.types.bank_transactions import BANK_TRANSACTION_LINES
from bookbridge.api import attachments, push, records
from bookbridge.api.openapi.operation import Operation, Parameter, whole, yes_or_no
from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.push import operations
from bookbridge.push.submit import TIMEOUT_MAX_MINUTES
from bookbridge.push.views import PushOperationView, StoryView

_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OF_VENDORS: Final = (424, 429)
"""Of what is asked of the vendor while the caller waits."""
_OF_PENDING: Final = (429,)
"""Of writes: too many wait already."""
_LATER: Final = (
    "The write is accepted here and carried out later: look at the operation until its status is no longer Pending. "
    "The data type's options tell which fields the platform takes."
)

_OF_WRITES: Final = (
    Parameter(
        "timeoutInMinutes", "How long the write may wait before it counts as timed out.", whole(1, TIMEOUT_MAX_MINUTES)
    ),
    Parameter("allowSyncOnPushComplete", "Read the data type anew once the write has succeeded.", yes_or_no(True)),
    Parameter(
        "dryRun",
        "Only tell what the write would come to, and what would be sent: nothing is stored or sent.",
        yes_or_no(False),
        is_extension=True,
    ),
)
_OF_UPDATES: Final = (
    Parameter("forceUpdate", "Overwrite the record even if it changed in the meantime.", yes_or_no(False)),
    *_OF_WRITES,
)


def operations_of(data_type: AnyDataType) -> Iterator[Operation]:
    """Everything that can be done with the records of one data type, except with the periods of a statement."""
    if data_type.statement:
        return
    if data_type.single:
        yield from _single_reads(data_type)
    elif data_type.parent is not None:
        yield from _child_reads(data_type)
        yield from _child_writes(data_type)
    else:
        yield from _reads(data_type)
        yield from _writes(data_type)
    if data_type.attachments:
        yield from _attachments(data_type)


def _single_reads(data_type: AnyDataType) -> Iterator[Operation]:
    one, fixed = _one(data_type), {"segment": data_type.path}
    yield Operation(
        records.list_of_company,
        f"get-{one}",
        data_type.record,
        fixed=fixed,
        summary=f"The {data_type.singular}",
        description="As the company's connections tell it.",
    )
    yield Operation(
        records.list_of_connection,
        f"get-connection-{one}",
        data_type.record,
        fixed=fixed,
        summary=f"The {data_type.singular}, of one connection",
        is_extension=True,
    )


def _reads(data_type: AnyDataType) -> Iterator[Operation]:
    one, many = _one(data_type), _many(data_type)
    is_of_company = data_type.level is Level.COMPANY
    if is_of_company:
        yield Operation(
            records.list_of_company,
            f"list-{many}",
            data_type.record,
            is_paged=True,
            query_fields=tuple(data_type.query_fields),
            fixed={"segment": data_type.path},
            summary=f"One page of a company's {_plural(data_type)}",
            description="Over all its connections.",
        )
        yield Operation(
            records.get_of_company,
            f"get-{one}",
            data_type.record,
            fixed=_with_id(data_type),
            path_parameters=(_id_of(data_type),),
            summary=f"One {data_type.singular}",
        )
    # What the contract hangs under the company can be had of a single connection too.
    of_one = "connection-" if is_of_company else ""
    yield Operation(
        records.list_of_connection,
        f"list-{of_one}{many}",
        data_type.record,
        is_paged=True,
        query_fields=tuple(data_type.query_fields),
        fixed={"segment": data_type.path},
        summary=f"One page of a connection's {_plural(data_type)}",
        is_extension=is_of_company,
    )
    yield Operation(
        records.get_of_connection,
        f"get-{of_one}{one}",
        data_type.record,
        fixed=_with_id(data_type),
        path_parameters=(_id_of(data_type),),
        summary=f"One {data_type.singular} of a connection",
        is_extension=is_of_company,
    )


def _child_reads(data_type: AnyDataType) -> Iterator[Operation]:
    parent = catalog.by_key(data_type.parent or "")
    yield Operation(
        records.list_of_bank_account,
        f"list-{_many(data_type)}",
        data_type.record,
        is_paged=True,
        query_fields=tuple(data_type.query_fields),
        fixed=_with_id(parent),
        path_parameters=(_id_of(parent),),
        summary=f"One page of the {_plural(data_type)} of a {parent.singular}",
    )


def _writes(data_type: AnyDataType) -> Iterator[Operation]:
    taken = {write.operation for one in registry.CONNECTORS for write in one.writes if write.data_type is data_type}
    one, record = _one(data_type), data_type.record
    if Kind.CREATE in taken:
        yield Operation(
            push.create_record,
            f"create-{one}",
            PushOperationView,
            body=record,
            parameters=_OF_WRITES,
            fixed={"segment": data_type.path},
            summary=f"Create {_a(data_type.singular)}",
            description=_LATER,
            errors=_OF_PENDING,
        )
    if Kind.UPDATE in taken:
        yield Operation(
            push.update_record,
            f"update-{one}",
            PushOperationView,
            body=record,
            parameters=_OF_UPDATES,
            fixed=_with_id(data_type),
            path_parameters=(_id_of(data_type),),
            summary=f"Update {_a(data_type.singular)}",
            description=_LATER,
            errors=_OF_PENDING,
        )
    if Kind.DELETE in taken:
        yield Operation(
            push.delete_record,
            f"delete-{one}",
            PushOperationView,
            parameters=_OF_WRITES,
            fixed=_with_id(data_type),
            path_parameters=(_id_of(data_type),),
            summary=f"Delete {_a(data_type.singular)}",
            description=_LATER,
            errors=_OF_PENDING,
        )


def _child_writes(data_type: AnyDataType) -> Iterator[Operation]:
    """Several are written at once, under the record that they belong to."""
    parent = catalog.by_key(data_type.parent or "")
    id_ = _id_of(parent)
    fixed = {"segment": parent.path, "account_id": f"{{{id_.name}}}"}
    yield Operation(
        push.get_bank_transaction_options,
        f"get-create-{_many(data_type)}-model",
        PushOption,
        fixed=fixed,
        path_parameters=(id_,),
    )
    yield Operation(
        push.create_bank_transactions,
        f"create-{_many(data_type)}",
        PushOperationView,
        body=BANK_TRANSACTION_LINES.record,
        parameters=_OF_WRITES,
        fixed=fixed,
        path_parameters=(id_,),
        summary=f"Create {_plural(data_type)} of {_a(parent.singular)}",
        description=f"As many as the body lists, all of them or none. {_LATER}",
        errors=_OF_PENDING,
    )


def _attachments(data_type: AnyDataType) -> Iterator[Operation]:
    one, names = _one(data_type), (_id_of(data_type),)
    fixed = _with_id(data_type)
    yield Operation(
        attachments.list_attachments,
        f"list-{one}-attachments",
        attachments.Attachments,
        fixed=fixed,
        path_parameters=names,
        errors=_OF_VENDORS,
    )
    yield Operation(
        attachments.get_attachment,
        f"get-{one}-attachment",
        Attachment,
        fixed=fixed,
        path_parameters=names,
        errors=_OF_VENDORS,
    )
    yield Operation(
        attachments.download_attachment,
        f"download-{one}-attachment",
        bytes,
        media_type="application/octet-stream",
        fixed=fixed,
        path_parameters=names,
        errors=_OF_VENDORS,
    )
    if any(connector.attachment_rule(data_type.key) for connector in registry.CONNECTORS):
        yield Operation(
            push.upload_attachment,
            f"upload-{one}-attachment",
            PushOperationView,
            is_upload=True,
            parameters=_OF_WRITES,
            fixed=fixed,
            path_parameters=names,
            errors=(413, *_OF_PENDING),
        )


def _with_id(data_type: AnyDataType) -> dict[str, str]:
    return {"segment": data_type.path, "record_id": f"{{{_id_of(data_type).name}}}"}


def _id_of(data_type: AnyDataType) -> Parameter:
    """The id in paths: `billCreditNoteId`."""
    head, *tail = data_type.singular.split()
    name = head + "".join(word.title() for word in tail) + "Id"
    return Parameter(name, f"The {data_type.singular}, by the accounting software's own id.")


def _one(data_type: AnyDataType) -> str:
    return data_type.singular.replace(" ", "-")


def _many(data_type: AnyDataType) -> str:
    return _WORD_START.sub("-", data_type.path).lower()


def _plural(data_type: AnyDataType) -> str:
    return _many(data_type).replace("-", " ")


def _a(singular: str) -> str:
    return f"{'an' if singular[0] in 'aeiou' else 'a'} {singular}"


RECORDS: Final = tuple(one for data_type in DATA_TYPES for one in operations_of(data_type))

WRITES: Final = (
    Operation(push.get_options, "get-create-update-model-options-by-data-type", PushOption),
    Operation(
        push.list_operations,
        "get-company-push-history",
        PushOperationView,
        is_paged=True,
        query_fields=operations.properties(),
    ),
    Operation(push.get_operation, "get-push-operation", PushOperationView),
    Operation(push.get_story, "get-push-operation-story", StoryView, is_extension=True),
)
