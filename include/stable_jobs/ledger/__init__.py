"""The ledger: decisions become promises, promises money, exactly once. The database keeps the rules."""
