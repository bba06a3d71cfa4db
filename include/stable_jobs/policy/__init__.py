"""Policy: effective-dated parameters, facts, legal tests, amounts, and the decision of a night."""
