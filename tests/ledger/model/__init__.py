"""What the ledger should say, computed from plain dictionaries one unit at a time, without its SQL."""
