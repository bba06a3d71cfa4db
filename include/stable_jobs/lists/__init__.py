"""A region's lists of one night."""
