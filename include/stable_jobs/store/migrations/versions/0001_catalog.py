"""The catalog: snapshots, deliveries and their releases, validations and what they found.

Needs the role `stable_jobs_app`. The application adds rows; of a delivery it changes only what became of it.
"""

from alembic import op

revision = "0001"
down_revision = None

APP = "stable_jobs_app"
TABLES = (
    "snapshots",
    "deliveries",
    "delivery_releases",
    "validations",
    "validation_results",
    "delivery_outcomes",
)


def upgrade() -> None:
    """Create the tables and let the application in."""
    for statement in (SNAPSHOTS, DELIVERIES, RELEASES, VALIDATIONS, RESULTS, OUTCOMES, *INDEXES):
        op.execute(statement)
    op.execute(f"GRANT SELECT ON alembic_version TO {APP}")
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(TABLES)} TO {APP}")
    op.execute(
        f"GRANT UPDATE (rows, control_total, status, problem, staged_snapshot_id) ON deliveries TO {APP}"
    )


def downgrade() -> None:
    """Drop the tables and all they hold."""
    op.execute(f"DROP TABLE {', '.join(reversed(TABLES))}")
    op.execute("REVOKE SELECT ON alembic_version FROM stable_jobs_app")


SNAPSHOTS = """
    CREATE TABLE snapshots (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT snapshots_pkey PRIMARY KEY,
        kind text NOT NULL CONSTRAINT snapshots_kind_check CHECK (kind <> ''),
        business_date date NOT NULL,
        fingerprint text NOT NULL
            CONSTRAINT snapshots_fingerprint_check CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
        name text NOT NULL CONSTRAINT snapshots_name_check CHECK (name <> ''),
        rows bigint NOT NULL CONSTRAINT snapshots_rows_check CHECK (rows >= 0),
        inputs jsonb NOT NULL,
        CONSTRAINT snapshots_kind_fingerprint_key UNIQUE (kind, fingerprint),
        CONSTRAINT snapshots_name_key UNIQUE (name)
    )
"""

DELIVERIES = """
    CREATE TABLE deliveries (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT deliveries_pkey PRIMARY KEY,
        department text NOT NULL,
        extract text NOT NULL,
        business_date date NOT NULL,
        region_code text NOT NULL
            CONSTRAINT deliveries_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
        sequence integer NOT NULL CONSTRAINT deliveries_sequence_check CHECK (sequence >= 1),
        file_name text NOT NULL,
        file_format text NOT NULL
            CONSTRAINT deliveries_file_format_check CHECK (file_format IN ('csv', 'xlsx')),
        sha256 text NOT NULL CONSTRAINT deliveries_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
        size_bytes bigint NOT NULL CONSTRAINT deliveries_size_bytes_check CHECK (size_bytes >= 0),
        rows bigint CONSTRAINT deliveries_rows_check CHECK (rows >= 0),
        control_total numeric(18, 2),
        received_at timestamptz NOT NULL,
        status text DEFAULT 'landed' NOT NULL
            CONSTRAINT deliveries_status_check CHECK (status IN ('landed', 'staged', 'refused')),
        problem jsonb,
        staged_snapshot_id bigint
            CONSTRAINT deliveries_staged_snapshot_id_fkey REFERENCES snapshots (id),
        CONSTRAINT deliveries_slot_key
            UNIQUE (department, extract, business_date, region_code, sequence, sha256),
        CONSTRAINT deliveries_id_sha256_key UNIQUE (id, sha256),
        CONSTRAINT deliveries_staged_check
            CHECK ((status = 'staged') = (staged_snapshot_id IS NOT NULL)),
        CONSTRAINT deliveries_refused_check CHECK ((status = 'refused') = (problem IS NOT NULL))
    )
"""

RELEASES = """
    CREATE TABLE delivery_releases (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT delivery_releases_pkey PRIMARY KEY,
        delivery_id bigint NOT NULL,
        sha256 text NOT NULL,
        rule_id text NOT NULL CONSTRAINT delivery_releases_rule_id_check CHECK (btrim(rule_id) <> ''),
        reason text NOT NULL CONSTRAINT delivery_releases_reason_check CHECK (btrim(reason) <> ''),
        released_by text NOT NULL
            CONSTRAINT delivery_releases_released_by_check CHECK (btrim(released_by) <> ''),
        released_at timestamptz NOT NULL,
        CONSTRAINT delivery_releases_delivery_id_sha256_fkey
            FOREIGN KEY (delivery_id, sha256) REFERENCES deliveries (id, sha256),
        CONSTRAINT delivery_releases_delivery_id_rule_id_key UNIQUE (delivery_id, rule_id)
    )
"""

VALIDATIONS = """
    CREATE TABLE validations (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT validations_pkey PRIMARY KEY,
        business_date date NOT NULL,
        extract text NOT NULL,
        fingerprint text NOT NULL
            CONSTRAINT validations_fingerprint_check CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
        quarantine_snapshot_id bigint NOT NULL
            CONSTRAINT validations_quarantine_snapshot_id_fkey REFERENCES snapshots (id),
        CONSTRAINT validations_business_date_extract_fingerprint_key
            UNIQUE (business_date, extract, fingerprint)
    )
"""

RESULTS = """
    CREATE TABLE validation_results (
        validation_id bigint NOT NULL
            CONSTRAINT validation_results_validation_id_fkey REFERENCES validations (id),
        rule_id text NOT NULL,
        region_code text NOT NULL
            CONSTRAINT validation_results_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
        severity text NOT NULL
            CONSTRAINT validation_results_severity_check
            CHECK (severity IN ('critical', 'warning', 'info')),
        scope text NOT NULL
            CONSTRAINT validation_results_scope_check CHECK (scope IN ('row', 'delivery', 'unit')),
        evaluated bigint NOT NULL,
        failed bigint NOT NULL,
        CONSTRAINT validation_results_pkey PRIMARY KEY (validation_id, rule_id, region_code),
        CONSTRAINT validation_results_counts_check CHECK (failed >= 0 AND failed <= evaluated)
    )
"""

OUTCOMES = """
    CREATE TABLE delivery_outcomes (
        validation_id bigint NOT NULL
            CONSTRAINT delivery_outcomes_validation_id_fkey REFERENCES validations (id),
        delivery_id bigint NOT NULL
            CONSTRAINT delivery_outcomes_delivery_id_fkey REFERENCES deliveries (id),
        region_code text NOT NULL
            CONSTRAINT delivery_outcomes_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
        received bigint NOT NULL,
        accepted bigint NOT NULL,
        quarantined bigint NOT NULL,
        held_rule text CONSTRAINT delivery_outcomes_held_rule_check CHECK (held_rule <> ''),
        held_detail jsonb,
        CONSTRAINT delivery_outcomes_pkey PRIMARY KEY (validation_id, delivery_id, region_code),
        CONSTRAINT delivery_outcomes_counts_check CHECK (accepted >= 0 AND quarantined >= 0),
        CONSTRAINT delivery_outcomes_balance_check CHECK (received = accepted + quarantined)
    )
"""

INDEXES = (
    "CREATE INDEX deliveries_extract_business_date_region_code_index"
    " ON deliveries (extract, business_date, region_code)",
    "CREATE INDEX delivery_releases_sha256_rule_id_index ON delivery_releases (sha256, rule_id)",
    "CREATE INDEX delivery_outcomes_delivery_id_index ON delivery_outcomes (delivery_id)",
)
