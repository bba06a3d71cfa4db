"""What the pages ask of catalog, ledger and lake: set-based, paged and sorted where the data lies."""
