"""Where facts and promises are kept: the lake, the engine that reads it, the database."""
