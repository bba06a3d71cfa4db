"""What a verification finds: one thing that is not as the ledger says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Break:
    """One thing that is not as the ledger says.

    check: chain, times, rows, states, sums, batches, anchors, catalog, schema, files, unknown or lake.
    """

    check: str
    where: str
    expected: str
    found: str

    def sentence(self) -> str:
        """One line for a log or a terminal."""
        return f"{self.check}: {self.where}: expected {self.expected}; found {self.found}"
