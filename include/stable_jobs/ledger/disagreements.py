"""The decision and the ledger count what a unit was paid each by its own: where they differ, the unit stops.

Compared are what each counts as paid, without money that came back, and what each says is left to pay. What
the ledger knows a reason for (a recovery case, a waived payment, an upheld objection, money instructed or
withdrawn on this very date) may differ in what is left; what was paid must be the same. To the decision a row
of finance's about a payment of this very date is money beside ours, so it counts as such here. A unit that
waits for the bank's answer or for a ruling on a refund gets nothing new that night anyway, and is compared
again when that is over.
"""

from __future__ import annotations

from stable_jobs.ledger.statements import Statements

SQL = Statements("disagreements")
