"""What a line is tracked against: categories, a customer, a supplier, a project.

The contract has two shapes for it: categories with whom a line is billed to, and a plain list of records.
"""

from __future__ import annotations

from bookbridge.accounting.records import Part, Word
from bookbridge.accounting.references import (
    CustomerRef,
    ProjectRef,
    RecordRef,
    TrackingCategoryRef,
    TrackingRecordRef,
)


class BilledTo(Word):
    """Whom a cost is charged to."""

    UNKNOWN = "Unknown"
    NOT_APPLICABLE = "NotApplicable"
    CUSTOMER = "Customer"
    PROJECT = "Project"


class Tracking(Part, frozen=True, kw_only=True):
    """Categories that a line is counted under, and whom its cost is charged to."""

    category_refs: tuple[TrackingCategoryRef, ...]
    """Tracking categories of the line; empty when it has none."""
    is_billed_to: BilledTo
    """Whom the line was incurred for."""
    is_rebilled_to: BilledTo
    """Whom the line will be charged on to."""
    customer_ref: CustomerRef | None = None
    """The customer, where the line is tracked against one."""
    project_ref: ProjectRef | None = None
    """The project, where the line is tracked against one."""


class SaleBilledTo(Word):
    """Whom a sale is charged to, beside the customer that it was made to."""

    UNKNOWN = "Unknown"
    NOT_APPLICABLE = "NotApplicable"
    PROJECT = "Project"


class SalesTracking(Part, frozen=True, kw_only=True):
    """Categories that a line of a sale is counted under, and what it came from."""

    category_refs: tuple[TrackingCategoryRef, ...]
    """Tracking categories of the line; empty when it has none."""
    is_billed_to: SaleBilledTo
    """What the line was sold for."""
    is_rebilled_to: SaleBilledTo
    """What the line will be charged on to."""
    customer_ref: CustomerRef | None = None
    """The customer, where the line is tracked against one."""
    project_ref: ProjectRef | None = None
    """The project, where the line is tracked against one."""
    record_ref: RecordRef | None = None
    """The record that the line came from."""


class RecordTracking(Part, frozen=True, kw_only=True):
    """Records that a line is counted under."""

    record_refs: tuple[TrackingRecordRef, ...] = ()
    """Customers, suppliers and tracking categories of the line."""


class CostTracking(RecordTracking, frozen=True, kw_only=True):
    """Records that a line of a cost is counted under, and who will be charged for it."""

    record_refs: tuple[TrackingRecordRef, ...]
    """Customers, suppliers and tracking categories of the line; empty when it has none."""
    invoice_to: RecordRef | None = None
    """The customer that the cost will be charged on to."""
