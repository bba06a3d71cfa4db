"""Functions, triggers and views are applied whole after the newest migration; a table says which files."""

from stable_jobs.store.migrations.scripts import code_of_migrations, run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table of the files that were applied."""
    run("0015_code.sql")


def downgrade() -> None:
    """Make the functions and views again as the migrations up to 0014 leave them."""
    run("0015_down.sql")
    code_of_migrations(before=revision)
