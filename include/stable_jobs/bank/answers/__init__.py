"""The bank's answer files."""
