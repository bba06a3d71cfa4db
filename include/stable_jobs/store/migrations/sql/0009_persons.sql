-- By whose hand: how an act of a person is known to be theirs, who is one person, and who may only read.

-- One person however the name is spelled: case, width, compatibility forms, blanks and what cannot be seen anywhere
-- in it do not make another. The dotted İ of Turkish is an i.
CREATE OR REPLACE FUNCTION person_key(person text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN normalize(regexp_replace(
    replace(casefold(normalize(person, NFKC) COLLATE "pg_unicode_fast"), U&'i\0307', 'i'),
    U&'[\0001-\0020\007F-\00A0\00AD\034F\061C\115F\1160\1680\17B4\17B5\180B-\180F\2000-\200F\2028-\202F\205F-\206F\2800\3000\3164\FE00-\FE0F\FEFF\FFA0\FFF0-\FFFB\+0E0000-\+0E0FFF]',
    '', 'g'), NFKC) COLLATE "C";

-- Whom the ledger knows: every person who acted or was assigned, by key. skeleton: what the name looks like (Unicode's
-- confusable characters), which no two persons share.
CREATE TABLE known_persons (
    person_key text CONSTRAINT known_persons_pkey PRIMARY KEY,
    person text NOT NULL CONSTRAINT known_persons_person_check CHECK (person_key(person) = person_key),
    skeleton text NOT NULL CONSTRAINT known_persons_skeleton_key UNIQUE,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT known_persons_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

-- What an event of a person rests on. is_authenticated: a login that was checked; via: where the act was done;
-- os_user, host: who ran the command line, as it says itself. An event of no person has none.
CREATE TABLE event_hands (
    event_id bigint CONSTRAINT event_hands_pkey PRIMARY KEY DEFAULT ledger_event()
        CONSTRAINT event_hands_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    person text NOT NULL CONSTRAINT event_hands_person_check CHECK (btrim(person) <> ''),
    is_authenticated boolean NOT NULL,
    via text NOT NULL CONSTRAINT event_hands_via_check CHECK (btrim(via) <> ''),
    os_user text,
    host text
);

CALL keep_ledger_table('known_persons');
CALL keep_ledger_table('event_hands', false);

-- The hand that the transaction names (`stable_jobs.hand`), written once: with the first row in a person's name, or as
-- the event is closed.
CREATE FUNCTION record_hand() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    hand jsonb := nullif(current_setting('stable_jobs.hand', true), '')::jsonb;
BEGIN
    IF hand IS NOT NULL AND NOT EXISTS (SELECT FROM event_hands WHERE event_id = ledger_event()) THEN
        INSERT INTO event_hands (person, is_authenticated, via, os_user, host)
        VALUES (hand ->> 'person', hand ->> 'login' IS NOT NULL, hand ->> 'via', hand ->> 'user', hand ->> 'host');
    END IF;
END $$;

-- Where people and money are real, an act counts only under a login that was checked.
CREATE FUNCTION guard_hand() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT NEW.is_authenticated AND NOT coalesce((SELECT is_demonstration FROM installation), false) THEN
        RAISE EXCEPTION 'nobody checked that this is %: log in first (stable-jobs login)', NEW.person
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- An event in a person's name has that person's hand, the one its body tells of, and a person whom the ledger knows;
-- an event of no person has none.
CREATE FUNCTION guard_event_hand() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    body jsonb := NEW.body::jsonb;
    actor text := coalesce(NEW.body::jsonb ->> 'actor', 'stable-jobs');
    hand record;
BEGIN
    SELECT * INTO hand FROM event_hands WHERE event_id = NEW.id;
    IF (actor = 'stable-jobs') = FOUND OR hand.person IS DISTINCT FROM nullif(actor, 'stable-jobs')
        OR FOUND AND (hand.is_authenticated, hand.via, hand.os_user, hand.host) IS DISTINCT FROM
            ((body #>> '{hand,login}') IS NOT NULL, body #>> '{hand,via}', body #>> '{hand,user}', body #>> '{hand,host}')
    THEN
        RAISE EXCEPTION 'audit event %: nothing says that % did it', NEW.id, actor
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF FOUND AND NOT EXISTS (SELECT FROM known_persons WHERE person_key = person_key(actor)) THEN
        RAISE EXCEPTION 'audit event %: % is not among the persons that the ledger knows', NEW.id, actor
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- A row in a person's name is written by that person's own hand. First argument: the column with the name; second
-- argument `system`: rows of no person are allowed.
CREATE FUNCTION require_hand() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    who text := to_jsonb(NEW) ->> TG_ARGV[0];
    hand record;
BEGIN
    IF TG_NARGS > 1 AND coalesce(who, 'stable-jobs') = 'stable-jobs' THEN
        RETURN NEW;
    END IF;
    PERFORM record_hand();
    SELECT * INTO hand FROM event_hands WHERE event_id = ledger_event();
    IF NOT FOUND OR hand.person <> who THEN
        RAISE EXCEPTION 'a row of % in the name of %: it is done by %', TG_TABLE_NAME, who,
            coalesce(hand.person, 'nobody whose login was checked') USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION hand_words(is_authenticated boolean) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN is_authenticated THEN 'authenticated' ELSE 'unauthenticated' END;

-- What two people do together is done by both under a checked login, or by neither.
CREATE FUNCTION guard_same_kind() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    first_event bigint;
    first_kind boolean;
    kind boolean;
BEGIN
    SELECT is_authenticated INTO kind FROM event_hands WHERE event_id = ledger_event();
    IF TG_TABLE_NAME = 'region_hold_releases' THEN
        SELECT event_id INTO first_event FROM region_holds WHERE id = NEW.hold_id;
    ELSIF TG_TABLE_NAME = 'account_confirmations' THEN
        SELECT event_id INTO first_event FROM account_corrections WHERE id = NEW.correction_id;
    ELSE
        SELECT event_id INTO first_event FROM proposals WHERE id = NEW.proposal_id;
    END IF;
    SELECT is_authenticated INTO first_kind FROM event_hands WHERE event_id = first_event;
    IF first_kind <> kind THEN
        RAISE EXCEPTION '% of an % act: what two people do together is authenticated for both or for neither',
            hand_words(kind) || ' completion', hand_words(first_kind) USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- is_authenticated: whether a person assigned under a checked login. Such an assignment alone serves a checked
-- approval.
CREATE OR REPLACE VIEW assigned_approvers AS
SELECT person, region_code, level, is_authenticated FROM (
    SELECT DISTINCT ON (c.person, c.region_code, c.level) c.person, c.region_code, c.level, c.is_assigned,
           coalesce(h.is_authenticated, false) AS is_authenticated
    FROM approver_changes c LEFT JOIN event_hands h ON h.event_id = c.event_id
    ORDER BY c.person, c.region_code, c.level, c.id DESC
) newest WHERE is_assigned;

-- Every answer, and whether its giver's login was checked; of those before this version, Airflow had checked its own.
CREATE VIEW approval_hands AS
SELECT a.id AS approval_id, a.batch_id, coalesce(h.is_authenticated, a.answered_in = 'airflow') AS is_authenticated,
       h.via, h.os_user, h.host
FROM approvals a LEFT JOIN event_hands h ON h.event_id = a.event_id;

-- A person as everybody is shown them: beside whoever was not authenticated it says so.
CREATE FUNCTION as_known(person text, event bigint) RETURNS text LANGUAGE sql STABLE
SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT person || CASE WHEN EXISTS (SELECT FROM event_hands h WHERE h.event_id = event AND NOT h.is_authenticated)
        THEN '（未经验证 unauthenticated）' ELSE '' END;
END;

CREATE FUNCTION guard_approval_hand() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    batch record;
    kind boolean;
BEGIN
    SELECT batch_no, region_code INTO batch FROM batches WHERE id = NEW.batch_id;
    SELECT is_authenticated INTO kind FROM event_hands WHERE event_id = ledger_event();
    IF EXISTS (SELECT FROM approval_hands WHERE batch_id = NEW.batch_id AND is_authenticated <> kind) THEN
        RAISE EXCEPTION 'batch %: its first answer is %, and this one is %: they do not make one approval',
            batch.batch_no, hand_words(NOT kind), hand_words(kind) USING ERRCODE = 'restrict_violation';
    END IF;
    IF kind AND NOT EXISTS (SELECT FROM assigned_approvers a
        WHERE a.person = NEW.approver AND a.level = NEW.level AND a.is_authenticated
            AND is_within(batch.region_code, a.region_code)) THEN
        RAISE EXCEPTION 'batch %: whoever assigned % was not authenticated: assign them again under a login',
            batch.batch_no, NEW.approver USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION guard_known_approver() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.is_assigned AND NOT EXISTS (SELECT FROM known_persons WHERE person_key = person_key(NEW.person)) THEN
        RAISE EXCEPTION '% is not among the persons that the ledger knows', NEW.person
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard BEFORE INSERT ON event_hands FOR EACH ROW EXECUTE FUNCTION guard_hand();
CREATE TRIGGER hand BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION guard_event_hand();
CREATE TRIGGER hand BEFORE INSERT ON objections FOR EACH ROW EXECUTE FUNCTION require_hand('entered_by');
CREATE TRIGGER hand BEFORE INSERT ON objection_decisions FOR EACH ROW EXECUTE FUNCTION require_hand('decided_by');
CREATE TRIGGER hand BEFORE INSERT ON approver_changes FOR EACH ROW EXECUTE FUNCTION require_hand('entered_by');
CREATE TRIGGER hand BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION require_hand('approver');
CREATE TRIGGER hand BEFORE INSERT ON account_corrections FOR EACH ROW EXECUTE FUNCTION require_hand('entered_by', 'system');
CREATE TRIGGER hand BEFORE INSERT ON account_confirmations FOR EACH ROW EXECUTE FUNCTION require_hand('confirmed_by');
CREATE TRIGGER hand BEFORE INSERT ON recovery_closings FOR EACH ROW EXECUTE FUNCTION require_hand('closed_by', 'system');
CREATE TRIGGER hand BEFORE INSERT ON refund_rulings FOR EACH ROW EXECUTE FUNCTION require_hand('ruled_by', 'system');
CREATE TRIGGER hand BEFORE INSERT ON region_holds FOR EACH ROW EXECUTE FUNCTION require_hand('held_by', 'system');
CREATE TRIGGER hand BEFORE INSERT ON region_hold_releases FOR EACH ROW EXECUTE FUNCTION require_hand('released_by');
CREATE TRIGGER hand BEFORE INSERT ON budget_entries FOR EACH ROW EXECUTE FUNCTION require_hand('entered_by');
CREATE TRIGGER hand BEFORE INSERT ON acknowledgements FOR EACH ROW EXECUTE FUNCTION require_hand('person');
CREATE TRIGGER hand BEFORE INSERT ON proposals FOR EACH ROW EXECUTE FUNCTION require_hand('proposed_by', 'system');
CREATE TRIGGER hand BEFORE INSERT ON proposal_decisions FOR EACH ROW EXECUTE FUNCTION require_hand('decided_by');
CREATE TRIGGER hand_kind BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION guard_approval_hand();
CREATE TRIGGER hand_kind BEFORE INSERT ON region_hold_releases FOR EACH ROW EXECUTE FUNCTION guard_same_kind();
CREATE TRIGGER hand_kind BEFORE INSERT ON account_confirmations FOR EACH ROW EXECUTE FUNCTION guard_same_kind();
CREATE TRIGGER hand_kind BEFORE INSERT ON proposal_decisions FOR EACH ROW EXECUTE FUNCTION guard_same_kind();
CREATE TRIGGER known BEFORE INSERT ON approver_changes FOR EACH ROW EXECUTE FUNCTION guard_known_approver();

REVOKE EXECUTE ON FUNCTION record_hand FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_hand TO stable_jobs_app;
GRANT SELECT ON approval_hands TO stable_jobs_app;

-- What pages show of accounts, for a role that may not read any. Views read as their owner does.
CREATE VIEW masked_accounts AS
SELECT id AS line_id, CASE WHEN length(account_no) >= 8
    THEN repeat('*', length(account_no) - 4) || right(account_no, 4) ELSE '****' END AS account
FROM payment_lines;

-- The lines of a batch whose account another line of it has too, however it is written.
CREATE VIEW shared_accounts AS
SELECT batch_id, line_id FROM (
    SELECT batch_id, id AS line_id, count(*) OVER (PARTITION BY batch_id, account_key(account_no)) AS lines
    FROM payment_lines) counted WHERE lines > 1;

GRANT SELECT ON masked_accounts, shared_accounts TO stable_jobs_app;

-- The role of the pages reads everything but account numbers, and writes nothing. Called after every migration.
CREATE PROCEDURE grant_reading() LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    name text;
    columns text;
BEGIN
    FOR name, columns IN
        SELECT c.relname, CASE WHEN bool_or(a.attname LIKE '%account_no%')
            THEN '(' || string_agg(quote_ident(a.attname), ', ') FILTER (WHERE a.attname NOT LIKE '%account_no%') || ')'
            ELSE '' END
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm')
            AND pg_get_userbyid(c.relowner) = current_user
        GROUP BY 1
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM stable_jobs_reader', name);
        EXECUTE format('GRANT SELECT %s ON %I TO stable_jobs_reader', columns, name);
    END LOOP;
END $$;
REVOKE EXECUTE ON PROCEDURE grant_reading FROM PUBLIC;
