"""Tables become files, written once and checked."""
