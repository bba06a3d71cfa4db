"""Codes that people registered for a region though their check character is wrong, for validation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text


def registered_codes(connection: Connection, known_at: datetime | None = None) -> tuple[tuple[str, str], ...]:
    """(region, code) of every code registered up to `known_at`, in order."""
    found = connection.execute(
        text("""
            SELECT r.region_code, r.code FROM registered_codes r JOIN audit_events a ON a.id = r.event_id
            WHERE CAST(:known_at AS timestamptz) IS NULL
               OR CAST(a.body::jsonb ->> 'at' AS timestamptz) <= CAST(:known_at AS timestamptz)
            ORDER BY 1, 2
        """),
        {"known_at": known_at},
    )
    return tuple((row.region_code, row.code) for row in found)
