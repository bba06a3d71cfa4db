"""The night: its steps in order, for the scheduler and for the command line."""
