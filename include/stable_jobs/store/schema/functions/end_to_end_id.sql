-- The reference of one payment and attempt, as the bank gets and answers it.
-- Of immutable functions alone, so that PostgreSQL writes it out in the query instead of calling it for each row.
CREATE OR REPLACE FUNCTION end_to_end_id(policy_year integer, region text, uscc text, ordinal integer, attempt bigint)
RETURNS text LANGUAGE sql IMMUTABLE
RETURN right(policy_year::text, 2) || '-' || region || '-' || uscc || '-'
    || lpad(ordinal::text, greatest(2, length(ordinal::text)), '0') || '-' || lpad(attempt::text, 2, '0');
