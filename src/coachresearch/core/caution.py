"""A warning that travels with the numbers: a code and its parameters, no prose."""

from __future__ import annotations

from dataclasses import dataclass

Parameter = str | int | float


@dataclass(frozen=True, slots=True)
class Caution:
    """Something the reader of a number must know.

    The sentence is rendered from the message catalogue entry ``caution.<code>``; a code without an entry is an error.

    Parameters
    ----------
    code : str
        Key in the message catalogue.
    params : tuple of (name, value)
        The figures and names that the sentence quotes, sorted by name.
    """

    code: str
    params: tuple[tuple[str, Parameter], ...] = ()

    @property
    def values(self) -> dict[str, Parameter]:
        """The parameters as a fresh dictionary."""
        return dict(self.params)


def caution(code: str, **params: Parameter) -> Caution:
    """Build a `Caution` from keywords: ``caution("no_answer", n=3, of=41, wave="T2")``."""
    return Caution(code, tuple(sorted(params.items())))
