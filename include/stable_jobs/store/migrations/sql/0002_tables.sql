-- The ledger: what is promised, announced, approved, instructed, answered, recovered; and the chain of events.
-- Every row belongs to one audit event. What may change (a state, an amount recognised) has its history beside.

CREATE TABLE audit_events (
    id bigint CONSTRAINT audit_events_pkey PRIMARY KEY,
    body text NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL CONSTRAINT audit_events_hash_key UNIQUE
);

CREATE FUNCTION ledger_event() RETURNS bigint LANGUAGE sql STABLE
SET search_path = public, pg_temp
RETURN nullif(current_setting('stable_jobs.event', true), '')::bigint;

CREATE FUNCTION ledger_date() RETURNS date LANGUAGE sql STABLE
SET search_path = public, pg_temp
RETURN nullif(current_setting('stable_jobs.business_date', true), '')::date;

CREATE TABLE life_cycle (
    subject text NOT NULL CONSTRAINT life_cycle_subject_check CHECK (subject IN ('payment', 'batch')),
    from_state text NOT NULL,
    to_state text NOT NULL,
    CONSTRAINT life_cycle_pkey PRIMARY KEY (subject, from_state, to_state)
);

INSERT INTO life_cycle VALUES
    ('payment', 'on_notice', 'cleared'), ('payment', 'on_notice', 'objected'),
    ('payment', 'on_notice', 'withdrawn'), ('payment', 'on_notice', 'waived'),
    ('payment', 'objected', 'on_notice'), ('payment', 'objected', 'cleared'),
    ('payment', 'objected', 'withdrawn'), ('payment', 'objected', 'waived'),
    ('payment', 'cleared', 'batched'), ('payment', 'cleared', 'withdrawn'), ('payment', 'cleared', 'waived'),
    ('payment', 'batched', 'cleared'), ('payment', 'batched', 'corrected'), ('payment', 'batched', 'instructed'),
    ('payment', 'instructed', 'paid'), ('payment', 'instructed', 'returned'),
    ('payment', 'returned', 'corrected'), ('payment', 'returned', 'withdrawn'), ('payment', 'returned', 'waived'),
    ('payment', 'corrected', 'batched'), ('payment', 'corrected', 'withdrawn'), ('payment', 'corrected', 'waived'),
    ('batch', 'formed', 'published'), ('batch', 'formed', 'voided'), ('batch', 'formed', 'refused');

CREATE TABLE region_nights (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT region_nights_pkey PRIMARY KEY,
    region_code text NOT NULL CONSTRAINT region_nights_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    business_date date NOT NULL,
    decision_id bigint NOT NULL CONSTRAINT region_nights_decision_id_fkey REFERENCES snapshots (id),
    is_held boolean NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT region_nights_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE entitlements (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT entitlements_pkey PRIMARY KEY,
    region_code text NOT NULL CONSTRAINT entitlements_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    uscc text NOT NULL CONSTRAINT entitlements_uscc_check CHECK (uscc ~ '^[0-9A-Z]{15,18}$'),
    policy_year integer NOT NULL CONSTRAINT entitlements_policy_year_check CHECK (policy_year BETWEEN 2000 AND 2999),
    scheme_pair text NOT NULL DEFAULT 'general_or_difficult'
        CONSTRAINT entitlements_scheme_pair_check CHECK (scheme_pair = 'general_or_difficult'),
    unit_name text NOT NULL,
    scheme text NOT NULL CONSTRAINT entitlements_scheme_check CHECK (scheme IN ('general', 'difficult')),
    entitled_amount numeric(18, 2) NOT NULL,
    outside_amount numeric(18, 2) NOT NULL
        CONSTRAINT entitlements_outside_amount_check CHECK (outside_amount >= 0),
    decided_on date NOT NULL,
    CONSTRAINT entitlements_unit_key UNIQUE (region_code, uscc, policy_year, scheme_pair)
);

CREATE TABLE entitlement_revisions (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT entitlement_revisions_pkey PRIMARY KEY,
    entitlement_id bigint NOT NULL
        CONSTRAINT entitlement_revisions_entitlement_id_fkey REFERENCES entitlements (id),
    unit_name text NOT NULL,
    scheme text NOT NULL,
    entitled_amount numeric(18, 2) NOT NULL,
    outside_amount numeric(18, 2) NOT NULL,
    decided_on date NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT entitlement_revisions_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE notices (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT notices_pkey PRIMARY KEY,
    region_code text NOT NULL CONSTRAINT notices_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    opened_on date NOT NULL,
    ordinal integer NOT NULL CONSTRAINT notices_ordinal_check CHECK (ordinal >= 1),
    working_days integer NOT NULL CONSTRAINT notices_working_days_check CHECK (working_days >= 0),
    clears_on date NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT notices_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT notices_opening_key UNIQUE (region_code, opened_on, ordinal),
    CONSTRAINT notices_clears_on_check CHECK (clears_on >= opened_on)
);

CREATE TABLE payments (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT payments_pkey PRIMARY KEY,
    entitlement_id bigint NOT NULL CONSTRAINT payments_entitlement_id_fkey REFERENCES entitlements (id),
    ordinal integer NOT NULL CONSTRAINT payments_ordinal_check CHECK (ordinal BETWEEN 1 AND 999),
    notice_id bigint NOT NULL CONSTRAINT payments_notice_id_fkey REFERENCES notices (id),
    scheme text NOT NULL CONSTRAINT payments_scheme_check CHECK (scheme IN ('general', 'difficult')),
    amount numeric(18, 2) NOT NULL CONSTRAINT payments_amount_check CHECK (amount > 0),
    state text NOT NULL DEFAULT 'on_notice' CONSTRAINT payments_state_check CHECK (
        state IN ('on_notice', 'objected', 'cleared', 'batched', 'instructed', 'paid', 'returned', 'corrected',
                  'withdrawn', 'waived')),
    reason text NOT NULL DEFAULT '',
    changed_on date NOT NULL DEFAULT ledger_date(),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT payments_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT payments_ordinal_key UNIQUE (entitlement_id, ordinal)
);

CREATE UNIQUE INDEX payments_one_open_index ON payments (entitlement_id)
    WHERE state NOT IN ('paid', 'withdrawn', 'waived');

CREATE TABLE state_changes (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT state_changes_pkey PRIMARY KEY,
    payment_id bigint NOT NULL CONSTRAINT state_changes_payment_id_fkey REFERENCES payments (id),
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL,
    changed_on date NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT state_changes_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE notice_lines (
    payment_id bigint CONSTRAINT notice_lines_pkey PRIMARY KEY
        CONSTRAINT notice_lines_payment_id_fkey REFERENCES payments (id),
    notice_id bigint NOT NULL CONSTRAINT notice_lines_notice_id_fkey REFERENCES notices (id),
    unit_name text NOT NULL,
    headcount bigint,
    claimants bigint,
    layoff_rate numeric(18, 6),
    premium_base numeric(18, 2),
    amount numeric(18, 2) NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT notice_lines_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE notice_closings (
    notice_id bigint CONSTRAINT notice_closings_pkey PRIMARY KEY
        CONSTRAINT notice_closings_notice_id_fkey REFERENCES notices (id),
    closed_on date NOT NULL DEFAULT ledger_date(),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT notice_closings_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE objections (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT objections_pkey PRIMARY KEY,
    payment_id bigint NOT NULL CONSTRAINT objections_payment_id_fkey REFERENCES payments (id),
    reason text NOT NULL CONSTRAINT objections_reason_check CHECK (btrim(reason) <> ''),
    entered_by text NOT NULL CONSTRAINT objections_entered_by_check CHECK (btrim(entered_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT objections_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE objection_decisions (
    objection_id bigint CONSTRAINT objection_decisions_pkey PRIMARY KEY
        CONSTRAINT objection_decisions_objection_id_fkey REFERENCES objections (id),
    outcome text NOT NULL CONSTRAINT objection_decisions_outcome_check CHECK (outcome IN ('upheld', 'dismissed')),
    reason text NOT NULL CONSTRAINT objection_decisions_reason_check CHECK (btrim(reason) <> ''),
    decided_by text NOT NULL CONSTRAINT objection_decisions_decided_by_check CHECK (btrim(decided_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT objection_decisions_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE batches (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT batches_pkey PRIMARY KEY,
    batch_no text NOT NULL CONSTRAINT batches_batch_no_key UNIQUE
        CONSTRAINT batches_batch_no_check CHECK (batch_no ~ '^[0-9]{6}-[0-9]{8}-L[0-2]-[0-9]+$'),
    region_code text NOT NULL CONSTRAINT batches_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    business_date date NOT NULL DEFAULT ledger_date(),
    policy_year integer NOT NULL,
    review_level integer NOT NULL CONSTRAINT batches_review_level_check CHECK (review_level BETWEEN 0 AND 2),
    ordinal integer NOT NULL CONSTRAINT batches_ordinal_check CHECK (ordinal >= 1),
    count bigint NOT NULL CONSTRAINT batches_count_check CHECK (count > 0),
    total numeric(18, 2) NOT NULL CONSTRAINT batches_total_check CHECK (total > 0),
    hash text NOT NULL CONSTRAINT batches_hash_check CHECK (hash ~ '^[0-9a-f]{64}$'),
    state text NOT NULL DEFAULT 'formed'
        CONSTRAINT batches_state_check CHECK (state IN ('formed', 'published', 'voided', 'refused')),
    reason text NOT NULL DEFAULT '',
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT batches_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT batches_ordinal_key UNIQUE (region_code, business_date, review_level, ordinal)
);

CREATE TABLE batch_changes (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT batch_changes_pkey PRIMARY KEY,
    batch_id bigint NOT NULL CONSTRAINT batch_changes_batch_id_fkey REFERENCES batches (id),
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL,
    changed_on date NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT batch_changes_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE payment_lines (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT payment_lines_pkey PRIMARY KEY,
    batch_id bigint NOT NULL CONSTRAINT payment_lines_batch_id_fkey REFERENCES batches (id),
    line_no bigint NOT NULL CONSTRAINT payment_lines_line_no_check CHECK (line_no >= 1),
    payment_id bigint NOT NULL CONSTRAINT payment_lines_payment_id_fkey REFERENCES payments (id),
    attempt integer NOT NULL CONSTRAINT payment_lines_attempt_check CHECK (attempt BETWEEN 1 AND 99),
    end_to_end_id text NOT NULL
        CONSTRAINT payment_lines_end_to_end_id_check CHECK (end_to_end_id ~ '^[0-9A-Z-]{1,35}$'),
    pooling_region text NOT NULL,
    unit_name text NOT NULL,
    scheme text NOT NULL,
    size_class text,
    headcount bigint,
    priority bigint NOT NULL,
    amount numeric(18, 2) NOT NULL CONSTRAINT payment_lines_amount_check CHECK (amount > 0),
    account_name text NOT NULL,
    account_no text NOT NULL,
    bank_code text NOT NULL,
    bank_name text,
    account_source text NOT NULL
        CONSTRAINT payment_lines_account_source_check CHECK (account_source IN ('corporate', 'premium', 'person')),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT payment_lines_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT payment_lines_line_no_key UNIQUE (batch_id, line_no),
    CONSTRAINT payment_lines_payment_key UNIQUE (batch_id, payment_id)
);

CREATE TABLE batch_preparers (
    batch_id bigint NOT NULL CONSTRAINT batch_preparers_batch_id_fkey REFERENCES batches (id),
    person text NOT NULL,
    deed text NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT batch_preparers_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT batch_preparers_pkey PRIMARY KEY (batch_id, person, deed)
);

CREATE TABLE approver_changes (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT approver_changes_pkey PRIMARY KEY,
    person text NOT NULL CONSTRAINT approver_changes_person_check CHECK (btrim(person) <> ''),
    region_code text NOT NULL CONSTRAINT approver_changes_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    level integer NOT NULL CONSTRAINT approver_changes_level_check CHECK (level IN (1, 2)),
    is_assigned boolean NOT NULL,
    entered_by text NOT NULL CONSTRAINT approver_changes_entered_by_check CHECK (btrim(entered_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT approver_changes_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE approvals (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT approvals_pkey PRIMARY KEY,
    batch_id bigint NOT NULL CONSTRAINT approvals_batch_id_fkey REFERENCES batches (id),
    batch_hash text NOT NULL,
    level integer NOT NULL CONSTRAINT approvals_level_check CHECK (level IN (1, 2)),
    approver text NOT NULL CONSTRAINT approvals_approver_check CHECK (btrim(approver) <> ''),
    answer text NOT NULL CONSTRAINT approvals_answer_check CHECK (answer IN ('approved', 'refused')),
    reason text NOT NULL,
    answered_in text NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT approvals_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT approvals_level_key UNIQUE (batch_id, level),
    CONSTRAINT approvals_approver_key UNIQUE (batch_id, approver)
);

CREATE TABLE instructions (
    line_id bigint CONSTRAINT instructions_pkey PRIMARY KEY
        CONSTRAINT instructions_line_id_fkey REFERENCES payment_lines (id),
    batch_id bigint NOT NULL CONSTRAINT instructions_batch_id_fkey REFERENCES batches (id),
    payment_id bigint NOT NULL CONSTRAINT instructions_payment_id_fkey REFERENCES payments (id),
    attempt integer NOT NULL,
    end_to_end_id text NOT NULL CONSTRAINT instructions_end_to_end_id_key UNIQUE,
    amount numeric(18, 2) NOT NULL,
    instructed_on date NOT NULL DEFAULT ledger_date(),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT instructions_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT instructions_attempt_key UNIQUE (payment_id, attempt)
);

CREATE TABLE published_files (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT published_files_pkey PRIMARY KEY,
    folder text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL CONSTRAINT published_files_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint NOT NULL,
    batch_id bigint CONSTRAINT published_files_batch_id_fkey REFERENCES batches (id),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT published_files_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT published_files_name_key UNIQUE (folder, name)
);

CREATE TABLE bank_answers (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT bank_answers_pkey PRIMARY KEY,
    sha256 text NOT NULL CONSTRAINT bank_answers_sha256_key UNIQUE
        CONSTRAINT bank_answers_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    file_name text NOT NULL,
    format text NOT NULL,
    business_date date NOT NULL DEFAULT ledger_date(),
    rows bigint NOT NULL,
    problem text,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT bank_answers_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE bank_answer_rows (
    answer_id bigint NOT NULL CONSTRAINT bank_answer_rows_answer_id_fkey REFERENCES bank_answers (id),
    row_no bigint NOT NULL,
    end_to_end_id text,
    outcome text,
    amount numeric(18, 2),
    standing text NOT NULL CONSTRAINT bank_answer_rows_standing_check
        CHECK (standing IN ('applied', 'repeated', 'pending', 'refused')),
    rule text,
    expected text,
    found text,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT bank_answer_rows_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT bank_answer_rows_pkey PRIMARY KEY (answer_id, row_no),
    CONSTRAINT bank_answer_rows_rule_check CHECK ((standing = 'refused') = (rule IS NOT NULL))
);

CREATE TABLE bank_results (
    line_id bigint CONSTRAINT bank_results_pkey PRIMARY KEY
        CONSTRAINT bank_results_line_id_fkey REFERENCES instructions (line_id),
    answer_id bigint NOT NULL,
    row_no bigint NOT NULL,
    outcome text NOT NULL CONSTRAINT bank_results_outcome_check CHECK (outcome IN ('paid', 'returned')),
    reason_code text,
    reason_text text,
    amount numeric(18, 2) NOT NULL,
    booked_on date,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT bank_results_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT bank_results_row_fkey FOREIGN KEY (answer_id, row_no) REFERENCES bank_answer_rows (answer_id, row_no)
);

CREATE TABLE account_corrections (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT account_corrections_pkey PRIMARY KEY,
    payment_id bigint NOT NULL CONSTRAINT account_corrections_payment_id_fkey REFERENCES payments (id),
    after_attempt integer NOT NULL,
    source text NOT NULL CONSTRAINT account_corrections_source_check CHECK (source IN ('extract', 'person')),
    account_name text,
    account_no text,
    bank_code text,
    bank_name text,
    entered_by text,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT account_corrections_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT account_corrections_entered_by_check
        CHECK ((source = 'person') = (coalesce(btrim(entered_by), '') <> '')),
    CONSTRAINT account_corrections_account_check
        CHECK (source = 'extract' OR (account_name <> '' AND account_no <> '' AND bank_code <> ''))
);

CREATE TABLE account_confirmations (
    correction_id bigint CONSTRAINT account_confirmations_pkey PRIMARY KEY
        CONSTRAINT account_confirmations_correction_id_fkey REFERENCES account_corrections (id),
    confirmed_by text NOT NULL CONSTRAINT account_confirmations_confirmed_by_check CHECK (btrim(confirmed_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT account_confirmations_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE recovery_cases (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT recovery_cases_pkey PRIMARY KEY,
    entitlement_id bigint NOT NULL CONSTRAINT recovery_cases_entitlement_id_fkey REFERENCES entitlements (id),
    amount numeric(18, 2) NOT NULL CONSTRAINT recovery_cases_amount_check CHECK (amount > 0),
    reason text NOT NULL,
    opened_on date NOT NULL DEFAULT ledger_date(),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT recovery_cases_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE recovery_closings (
    case_id bigint CONSTRAINT recovery_closings_pkey PRIMARY KEY
        CONSTRAINT recovery_closings_case_id_fkey REFERENCES recovery_cases (id),
    outcome text NOT NULL CONSTRAINT recovery_closings_outcome_check
        CHECK (outcome IN ('recovered', 'dropped', 'superseded')),
    reason text NOT NULL,
    closed_by text NOT NULL CONSTRAINT recovery_closings_closed_by_check CHECK (btrim(closed_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT recovery_closings_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE reported_refunds (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT reported_refunds_pkey PRIMARY KEY,
    region_code text NOT NULL,
    voucher_no text NOT NULL,
    uscc text NOT NULL,
    policy_year integer NOT NULL,
    scheme text NOT NULL,
    amount numeric(18, 2) NOT NULL,
    paid_date date NOT NULL,
    payment_reference text,
    standing text NOT NULL CONSTRAINT reported_refunds_standing_check
        CHECK (standing IN ('ours', 'differs', 'doubtful')),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT reported_refunds_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT reported_refunds_voucher_key UNIQUE (region_code, policy_year, voucher_no)
);

CREATE TABLE refund_rulings (
    refund_id bigint CONSTRAINT refund_rulings_pkey PRIMARY KEY
        CONSTRAINT refund_rulings_refund_id_fkey REFERENCES reported_refunds (id),
    ruling text NOT NULL CONSTRAINT refund_rulings_ruling_check CHECK (ruling IN ('same', 'outside')),
    reason text NOT NULL CONSTRAINT refund_rulings_reason_check CHECK (btrim(reason) <> ''),
    ruled_by text NOT NULL CONSTRAINT refund_rulings_ruled_by_check CHECK (btrim(ruled_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT refund_rulings_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE region_holds (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT region_holds_pkey PRIMARY KEY,
    region_code text NOT NULL CONSTRAINT region_holds_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    reason text NOT NULL CONSTRAINT region_holds_reason_check CHECK (btrim(reason) <> ''),
    held_by text NOT NULL CONSTRAINT region_holds_held_by_check CHECK (btrim(held_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT region_holds_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE region_hold_releases (
    hold_id bigint CONSTRAINT region_hold_releases_pkey PRIMARY KEY
        CONSTRAINT region_hold_releases_hold_id_fkey REFERENCES region_holds (id),
    reason text NOT NULL CONSTRAINT region_hold_releases_reason_check CHECK (btrim(reason) <> ''),
    released_by text NOT NULL CONSTRAINT region_hold_releases_released_by_check CHECK (btrim(released_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT region_hold_releases_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE budget_entries (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT budget_entries_pkey PRIMARY KEY,
    pooling_region text NOT NULL
        CONSTRAINT budget_entries_pooling_region_check CHECK (pooling_region ~ '^[0-9]{6}$'),
    policy_year integer NOT NULL,
    amount numeric(18, 2) NOT NULL CONSTRAINT budget_entries_amount_check CHECK (amount >= 0),
    reason text NOT NULL CONSTRAINT budget_entries_reason_check CHECK (btrim(reason) <> ''),
    entered_by text NOT NULL CONSTRAINT budget_entries_entered_by_check CHECK (btrim(entered_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT budget_entries_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);
