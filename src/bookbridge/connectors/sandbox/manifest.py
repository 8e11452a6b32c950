"""CONNECTOR: all that the rest of the house knows about the Sandbox. Facts only."""

from __future__ import annotations

from bookbridge.connectors.kit.app_options import AppOption
from bookbridge.connectors.kit.connector import CallLimit, Connector, Limits
from bookbridge.connectors.sandbox.auth import FORM, SEED_OPTION, identify, organisations
from bookbridge.connectors.sandbox.expenses import EXPENSES
from bookbridge.connectors.sandbox.live import LIVE
from bookbridge.connectors.sandbox.read import READS
from bookbridge.connectors.sandbox.session import SandboxSession
from bookbridge.connectors.sandbox.write import ATTACHMENT_RULES, WRITES

CALLS_PER_MINUTE = 6_000
MINUTE_S = 60
IN_FLIGHT_MAX = 8

CONNECTOR = Connector(
    key="mqjo",
    auth=FORM,
    # Nobody serves it for the world: an installation points `api` at its own ledger.
    endpoints={"api": "https://sandbox.invalid"},
    limits=Limits(calls=(CallLimit(CALLS_PER_MINUTE, MINUTE_S),), in_flight_max=IN_FLIGHT_MAX),
    reads=READS,
    writes=WRITES,
    open=SandboxSession,
    organisations=organisations,
    identify=identify,
    attachments=ATTACHMENT_RULES,
    expenses=EXPENSES,
    live=LIVE,
    options={SEED_OPTION: AppOption("gives every connection the same story")},
    data_access=(
        "Everything in the books of an invented business",
        "Create, change and delete its records, and attach files to them",
    ),
)
