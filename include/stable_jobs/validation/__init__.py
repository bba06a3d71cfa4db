"""The validation of deliveries: rows that pass or are quarantined, and deliveries that are held."""
