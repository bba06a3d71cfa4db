"""One list each: its columns and where its rows come from."""
