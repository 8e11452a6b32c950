"""How a connection comes to a book of its own: a short form, and the connection's id.

No vendor and no consent elsewhere: the ledger opens a book under the connection's id when it is first asked for it, and
finds it again when the connection is linked anew.
"""

from __future__ import annotations

from typing import Final

import msgspec

from bookbridge.connectors.kit.auth import CONNECTION_FACT, CredentialForm, FormField
from bookbridge.connectors.kit.errors import VendorUnavailable
from bookbridge.connectors.kit.session import Access, Organisation
from bookbridge.connectors.sandbox import payloads
from bookbridge.connectors.sandbox.client import Client, decode

SIZES: Final = ("small", "medium", "large")
SEED_OPTION: Final = "seed"
ORGANISATION_FACT: Final = "organisation_id"
CURRENCY_FACT: Final = "base_currency"

FORM: Final = CredentialForm(
    fields=(
        FormField(
            "size",
            "Size of the business",
            hint="How much goes on in its books. A small one has about 250 bills in two years.",
            choices=SIZES,
            optional=True,
        ),
    )
)


async def organisations(access: Access) -> list[Organisation]:
    """The one book of this connection, opened if it is not there yet. The option `seed` gives all the same story."""
    book = access.facts.get(CONNECTION_FACT)
    if book is None:
        raise VendorUnavailable("Nothing says which connection this is.")
    size = await access.authorizer.credential("size") or SIZES[0]
    opening = {"seed": access.app.options.get(SEED_OPTION, book), "size": size}
    answer = await Client(access).call("PUT", book, content=msgspec.json.encode(opening))
    return [_organisation(decode(answer, payloads.Organisation))]


async def identify(access: Access) -> Organisation:
    """The chosen book as the ledger names it."""
    answer = await Client(access).call("GET", access.facts[ORGANISATION_FACT])
    return _organisation(decode(answer, payloads.Organisation))


def _organisation(found: payloads.Organisation) -> Organisation:
    return Organisation(found.id, found.name, {ORGANISATION_FACT: found.id, CURRENCY_FACT: found.currency})
