"""The night told as one value: the validation report, built, written and read."""
