-- A payment begins on notice; afterwards only its state changes.
CREATE OR REPLACE FUNCTION guard_payment() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'on_notice' THEN
            RAISE EXCEPTION 'a payment begins on notice' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.entitlement_id, NEW.ordinal, NEW.notice_id, NEW.scheme, NEW.amount, NEW.event_id)
        IS DISTINCT FROM
       (OLD.id, OLD.entitlement_id, OLD.ordinal, OLD.notice_id, OLD.scheme, OLD.amount, OLD.event_id) THEN
        RAISE EXCEPTION 'of a payment only the state changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
