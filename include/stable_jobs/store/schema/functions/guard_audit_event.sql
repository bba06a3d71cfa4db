-- An audit event continues the chain: its number, the hash before it, its own hash, and what it wrote.
CREATE OR REPLACE FUNCTION guard_audit_event() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    last record;
BEGIN
    SELECT id, hash INTO last FROM audit_events ORDER BY id DESC LIMIT 1;
    IF NEW.id <> coalesce(last.id, 0) + 1
        OR NEW.previous_hash <> coalesce(last.hash, repeat('0', 64))
        OR NEW.hash <> encode(sha256(convert_to(NEW.previous_hash || NEW.body, 'UTF8')), 'hex')
        OR NEW.body::jsonb -> 'id' IS DISTINCT FROM to_jsonb(NEW.id)
        OR jsonb_typeof(NEW.body::jsonb -> 'rows') IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'audit event % does not continue the chain', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
