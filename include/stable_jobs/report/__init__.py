"""The validation report as one value: built, written and read."""
