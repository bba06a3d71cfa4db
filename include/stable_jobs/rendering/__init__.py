"""Pages people look at: templates, charts and both languages, for the night's report and the review pages."""
