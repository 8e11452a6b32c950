"""Tracking categories: departments, classes, locations that lines are counted under."""

from __future__ import annotations

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.problems import Problem
from bookbridge.accounting.records import ListedRecord, Word


class TrackingCategoryStatus(Word):
    """Whether a tracking category can be used on new lines."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    ARCHIVED = "Archived"


class TrackingCategory(ListedRecord, frozen=True, kw_only=True):
    """A way of grouping lines, or one value within such a grouping."""

    name: str | None = None
    """Name of the category."""
    status: TrackingCategoryStatus | None = None
    """Whether the category can be used on new lines."""
    parent_id: str | None = None
    """Identifier of the category that this one is a value of; absent at the top."""
    has_children: bool | None = None
    """Whether other categories name this one as their parent."""


def check(category: TrackingCategory) -> list[Problem]:
    """A category is not its own parent."""
    if category.parent_id is not None and category.parent_id == category.id:
        return [Problem("parentId", "A tracking category cannot be its own parent.")]
    return []


TRACKING_CATEGORIES = DataType(
    key="trackingCategories",
    path="trackingCategories",
    record=TrackingCategory,
    singular="tracking category",
    level=Level.COMPANY,
    check=check,
)
