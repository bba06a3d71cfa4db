"""From notices that are over to money paid: batches, approvals, answers."""
