"""`python -m stable_jobs …`: the command line."""

from stable_jobs.cli.main import main

main()
