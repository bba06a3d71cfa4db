"""`stable-jobs disburse`: notices closed, batches formed, what is approved published."""

from __future__ import annotations

from stable_jobs.cli.options import DateOption, progress, read_date, read_settings


def disburse(date: DateOption) -> None:
    """Close due notices of a business date, check again, form batches, publish those that are approved.

    Nothing waits for people: a batch that needs an approval stays open, and the next run publishes it.
    Exit 0 when the steps ended, 1 when one broke. Running it again changes nothing.
    """
    from stable_jobs.cli.ledger_tables import print_disbursement
    from stable_jobs.night.desk import open_desk
    from stable_jobs.night.disbursement import disburse as run

    with open_desk(read_settings(), read_date(date)) as desk:
        print_disbursement(desk, run(desk, progress()))
