"""What an installation may set about its registration at a vendor, so that a misspelt one is refused at the start.

Facts and their check. What an option changes is decided where it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

_DIGITS_MAX = 9


@dataclass(frozen=True)
class AppOption:
    """One option. With neither `words` nor `number_max` any text will do."""

    means: str
    """What it changes, for the operator."""
    words: tuple[str, ...] = ()
    number_min: int = 0
    number_max: int | None = None

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, or None."""
        if self.words and value not in self.words:
            return f"must be one of {', '.join(self.words)}"
        if self.number_max is None:
            return None
        is_number = value.isdecimal() and len(value) <= _DIGITS_MAX
        if not is_number or not self.number_min <= int(value) <= self.number_max:
            return f"must be a whole number from {self.number_min} to {self.number_max}"
        return None
