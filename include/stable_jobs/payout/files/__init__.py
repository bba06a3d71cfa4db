"""One module per output format, with the same verbs: `write` a list to a new file, `measure` what it says."""
