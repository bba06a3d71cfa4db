"""Contracts: their documents, and everything that is derived from their column lists."""
