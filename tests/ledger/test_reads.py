"""No step reads a table once per unit: its cost grows with the city, not with the city's square."""

from pathlib import Path

from bench.ledger import Night
from sqlalchemy import Connection, Engine, event, text

UNITS = 1_000
READS = """
    SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS reads FROM pg_stat_xact_all_tables
    WHERE seq_tup_read + coalesce(idx_tup_fetch, 0) > 0
"""
TIMES = 100
"""How many rows of one table a step may read for each unit, which has three payments by then. Five to sixty
are usual, by the plans; a table that is asked once per unit is read a thousand times."""


def test_a_step_reads_each_unit_a_few_times(engine: Engine, tmp_path: Path) -> None:
    """A new ledger, of whose tables the planner knows nothing yet; the bench is the cycle of a city."""
    reads: dict[str, int] = {}

    @event.listens_for(engine, "commit")
    def _count(connection: Connection) -> None:
        for name, rows in connection.execute(text(READS)).all():
            reads[name] = max(reads.get(name, 0), rows)

    too_many: dict[tuple[str, str], int] = {}
    for step, act in Night(engine, UNITS, tmp_path).steps().items():
        reads.clear()
        act()
        too_many |= {(step, name): rows for name, rows in reads.items() if rows > TIMES * UNITS}
    assert too_many == {}
