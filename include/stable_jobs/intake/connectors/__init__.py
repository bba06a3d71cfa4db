"""Where a department's files come from: one protocol, one module per way of fetching."""
