"""From what a department sent to typed rows: connectors, landing, staging."""
