"""The bank's answers: ISO 20022 pain.002 or the CSV of its profile, read row by row; nothing is lost."""
