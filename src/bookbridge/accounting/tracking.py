"""What a purchase line is tracked against: categories, a customer, a project."""

from __future__ import annotations

from bookbridge.accounting.records import Part, Word
from bookbridge.accounting.references import CustomerRef, ProjectRef, TrackingCategoryRef


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
