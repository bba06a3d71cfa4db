"""The lists of what the ledger knows: each with its query, its columns and what it is checked by."""
