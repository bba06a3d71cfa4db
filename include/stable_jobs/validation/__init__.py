"""A delivery is checked: what passed, what is quarantined, what is held."""
