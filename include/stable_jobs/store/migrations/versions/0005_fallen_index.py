"""A batch of a region with half a million payments is shown as fast as one of ten."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Index the payments that fell out: what a batch's page and question say of its date."""
    op.create_index(
        "payments_fallen_index",
        "payments",
        ["changed_on", "notice_id"],
        postgresql_where="state = 'withdrawn' AND reason NOT IN ('amount_changed', 'scheme_changed')",
    )


def downgrade() -> None:
    """Read the region's payments whole again."""
    op.drop_index("payments_fallen_index")
