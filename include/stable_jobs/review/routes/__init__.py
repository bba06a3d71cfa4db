"""One module per page; each gives a router."""
