"""Rules run by Great Expectations, the quarantine, holds, and the facts of the report."""
