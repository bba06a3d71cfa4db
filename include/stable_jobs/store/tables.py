"""The database's tables: the catalog of deliveries and snapshots, and what validation found.

Constraints are the promises. A migration says the same in `migrations/versions/`; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_index",
    }
)

_SHA256 = "~ '^[0-9a-f]{64}$'"
_REGION = "~ '^[0-9]{6}$'"


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


snapshots = Table(
    "snapshots",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("business_date", Date, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("inputs", JSONB, nullable=False),
    UniqueConstraint("kind", "fingerprint"),
    UniqueConstraint("name"),
    CheckConstraint("kind <> ''", name="kind"),
    CheckConstraint(f"fingerprint {_SHA256}", name="fingerprint"),
    CheckConstraint("name <> ''", name="name"),
    CheckConstraint("rows >= 0", name="rows"),
)
"""Parquet files in the lake. One exists only once its row does; same inputs, same row."""

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("department", Text, nullable=False),
    Column("extract", Text, nullable=False),
    Column("business_date", Date, nullable=False),
    Column("region_code", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_format", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("rows", BigInteger),
    Column("control_total", Numeric(18, 2)),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False, server_default="landed"),
    Column("problem", JSONB(none_as_null=True)),
    Column("staged_snapshot_id", BigInteger, ForeignKey("snapshots.id")),
    UniqueConstraint(
        "department",
        "extract",
        "business_date",
        "region_code",
        "sequence",
        "sha256",
        name="deliveries_slot_key",
    ),
    UniqueConstraint("id", "sha256"),
    Index(None, "extract", "business_date", "region_code"),
    CheckConstraint(f"region_code {_REGION}", name="region_code"),
    CheckConstraint("sequence >= 1", name="sequence"),
    CheckConstraint("file_format IN ('csv', 'xlsx')", name="file_format"),
    CheckConstraint(f"sha256 {_SHA256}", name="sha256"),
    CheckConstraint("size_bytes >= 0", name="size_bytes"),
    CheckConstraint("rows >= 0", name="rows"),
    CheckConstraint("status IN ('landed', 'staged', 'refused')", name="status"),
    CheckConstraint("(status = 'staged') = (staged_snapshot_id IS NOT NULL)", name="staged"),
    CheckConstraint("(status = 'refused') = (problem IS NOT NULL)", name="refused"),
)
"""The deliveries. Columns about the bytes never change; landed becomes staged or refused."""

delivery_releases = Table(
    "delivery_releases",
    metadata,
    _id(),
    Column("delivery_id", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("released_by", Text, nullable=False),
    Column("released_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["delivery_id", "sha256"], ["deliveries.id", "deliveries.sha256"]),
    UniqueConstraint("delivery_id", "rule_id"),
    Index(None, "sha256", "rule_id"),
    CheckConstraint("btrim(rule_id) <> ''", name="rule_id"),
    CheckConstraint("btrim(reason) <> ''", name="reason"),
    CheckConstraint("btrim(released_by) <> ''", name="released_by"),
)
"""A person's decision to take a held delivery: bound to its bytes and to the rule that held it."""

validations = Table(
    "validations",
    metadata,
    _id(),
    Column("business_date", Date, nullable=False),
    Column("extract", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("quarantine_snapshot_id", BigInteger, ForeignKey("snapshots.id"), nullable=False),
    UniqueConstraint("business_date", "extract", "fingerprint"),
    CheckConstraint(f"fingerprint {_SHA256}", name="fingerprint"),
)
"""One run of an extract's rules over one business date's deliveries; the highest id is the newest."""

validation_results = Table(
    "validation_results",
    metadata,
    Column("validation_id", BigInteger, ForeignKey("validations.id"), nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("region_code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("evaluated", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    PrimaryKeyConstraint("validation_id", "rule_id", "region_code"),
    CheckConstraint(f"region_code {_REGION}", name="region_code"),
    CheckConstraint("severity IN ('critical', 'warning', 'info')", name="severity"),
    CheckConstraint("scope IN ('row', 'delivery', 'unit')", name="scope"),
    CheckConstraint("failed >= 0 AND failed <= evaluated", name="counts"),
)
"""Counts of every rule in every region, also where nothing failed. Never values."""

delivery_outcomes = Table(
    "delivery_outcomes",
    metadata,
    Column("validation_id", BigInteger, ForeignKey("validations.id"), nullable=False),
    Column("delivery_id", BigInteger, ForeignKey("deliveries.id"), nullable=False),
    Column("region_code", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("held_rule", Text),
    Column("held_detail", JSONB(none_as_null=True)),
    PrimaryKeyConstraint("validation_id", "delivery_id", "region_code"),
    Index(None, "delivery_id"),
    CheckConstraint(f"region_code {_REGION}", name="region_code"),
    CheckConstraint("accepted >= 0 AND quarantined >= 0", name="counts"),
    CheckConstraint("received = accepted + quarantined", name="balance"),
    CheckConstraint("held_rule <> ''", name="held_rule"),
)
"""The outcome of a delivery's validation: rows in and out, and the rule that holds it, if one does."""
