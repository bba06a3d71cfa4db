"""One small module per list; each makes the list of one region as a `ListTable`."""
