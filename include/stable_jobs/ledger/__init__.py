"""The ledger: decisions become promises, promises become money, exactly once. The database keeps the rules."""
