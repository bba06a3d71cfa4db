-- The files of this version's code that the database was given, with their SHA-256: see stable_jobs.store.schema_code.
CREATE TABLE applied_code (
    name text CONSTRAINT applied_code_pkey PRIMARY KEY,
    sha256 text NOT NULL
);
GRANT SELECT ON applied_code TO stable_jobs_app;
