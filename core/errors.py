"""What a rule says when it refuses: a code for ever, an HTTP status, and the facts of the case. Words come later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from core.explanations import Explanation


class DomainError(Exception):
    """A rule refuses an act. Subclasses stand beside their rule; `facts` go into the sentence and into the JSON answer."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code, facts)
        self.facts: dict[str, Any] = facts

    def explanation(self) -> Explanation:
        """The code and facts to say in the reader's words."""
        return Explanation(code=self.code, facts=self.facts)


class NotFound(DomainError):
    """There is no such thing here, or the asker may not know that there is."""

    code, status = "not_found", 404


class Unauthorized(DomainError):
    """Nobody is signed in, or the token is not one."""

    code, status = "unauthorized", 401


class Forbidden(DomainError):
    """The actor may not do this, here or for this holder."""

    code, status = "forbidden", 403


class WrongState(DomainError):
    """The thing is in a state that does not allow the act. Facts: state."""

    code, status = "wrong_state", 409


class KeyReused(DomainError):
    """The key was used before with another content."""

    code, status = "key_reused", 409


class Collision(DomainError):
    """The database refused what no check had foreseen: somebody else was quicker with the same thing."""

    code, status = "conflict", 409


class Invalid(DomainError):
    """Fields that make no sense: field → what is wrong with it. A list's faults are keyed `items.3.acts`."""

    code = "invalid"

    def __init__(self, errors: Mapping[str, Sequence[Explanation]]) -> None:
        super().__init__()
        self.errors = {field: list(faults) for field, faults in errors.items()}
