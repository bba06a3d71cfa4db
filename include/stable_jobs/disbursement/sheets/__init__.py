"""One list each of what the ledger knows."""
