"""Payment lines become bank files, and the bank's answers become results. Reads and writes no ledger."""
