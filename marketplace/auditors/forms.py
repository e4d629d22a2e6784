"""What an export is narrowed to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marketplace.auditors.exports import Scope
from marketplace.auditors.rules import scope_problems
from marketplace.core.forms import Day, Form, OneOf, Tick, add_problems


class ScopeForm(Form):
    """Council, days, and whether Excel is to read the files."""

    council = OneOf("Council", required=False, empty="All councils")
    from_on = Day("First day", required=False, hint="On London’s clock. Each file’s page says which date counts.")
    to_on = Day("Last day", required=False)
    for_excel = Tick(
        "For Excel (adds a byte order mark)", hint="Excel then reads £ and accents."
    )

    def __init__(self, councils: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.council.choose_from(councils)

    def scope(self, as_of: datetime) -> Scope:
        """What was asked for."""
        return Scope(as_of, self.council.data, self.from_on.data, self.to_on.data)

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        problems = scope_problems(self.from_on.data, self.to_on.data) if is_valid else []
        add_problems(self, problems)
        return is_valid and not problems
