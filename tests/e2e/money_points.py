"""Where steps that move money are killed: every boundary, before and after, inside transactions too."""

from __future__ import annotations

LEDGER = "stable_jobs.ledger"
NIGHT = "stable_jobs.night"
DISBURSEMENT = "stable_jobs.disbursement.steps"
RETURNS = "stable_jobs.disbursement.returns"
ANSWER_LISTS = "stable_jobs.disbursement.answer_lists"
EVENT = f"{LEDGER}.event:ledger_event"
EXECUTE = "sqlalchemy.engine:Connection.execute"
ONCE = "stable_jobs.disbursement.batch_files"
LISTS = "stable_jobs.publishing.table"
LINK = "pathlib:Path.hardlink_to"
PUBLISH = "stable_jobs.publishing.publish"
FILL = f"{NIGHT}.notices:fill_night"
FILL_NIGHT = f"{NIGHT}.notices:_fill"
RECORD = f"{NIGHT}.notices:record_published"
LOADED = "stable_jobs.store.loading:load_from_engine"
CLOSED = f"{LEDGER}.event:_close"

POINTS = {
    "decided": [
        f"{EVENT}[policy values]:1:before",
        f"{LEDGER}.policies:note_values:1:after",
        f"{EVENT}[policy values]:1:after",
        f"{EVENT}[night]:1:before",
        f"{FILL_NIGHT}:1:before",
        f"{LOADED}[night_units]:1:after",
        "stable_jobs.store.loading:_cursor:1:before",
        f"{FILL_NIGHT}:1:after",
        f"{LEDGER}.entitlements:apply_night:1:before",
        f"{LEDGER}.batches:note_codes:1:after",
        f"{LEDGER}.batches:resolve_units:1:after",
        f"{LEDGER}.rulings:note_doubts:1:after",
        f"{LEDGER}.event:record_evidence:1:after",
        f"{EXECUTE}[INSERT INTO region_nights]:1:after",
        f"{EXECUTE}[INSERT INTO entitlements]:1:after",
        f"{EXECUTE}[INSERT INTO payments]:1:after",
        f"{EXECUTE}[INSERT INTO notice_lines]:1:after",
        f"{LEDGER}.entitlements:apply_night:1:after",
        f"{CLOSED}:1:after",
        f"{EVENT}[night]:1:after",
        f"{LISTS}:ledger_rows:1:after",
        f"{NIGHT}.notices:_publish_notice:1:before",
        f"{PUBLISH}:link:1:after",
        f"{PUBLISH}:link[manifest]:1:before",
        f"{PUBLISH}:link[manifest]:1:after",
        f"{RECORD}:1:before",
        f"{EVENT}[published]:1:after",
        f"{NIGHT}.notices:_publish_notice:2:after",
    ],
    "announced": [
        f"{EVENT}[bank profiles]:1:before",
        f"{EVENT}[bank profiles]:1:after",
        f"{EVENT}[close notices]:1:before",
        f"{LEDGER}.rulings:waive_overdue:1:after",
        f"{LEDGER}.notices:close_due_notices:1:after",
        f"{CLOSED}:1:after",
        f"{EVENT}[close notices]:1:after",
        f"{EVENT}[form batches]:1:before",
        f"{FILL}:1:before",
        f"{LOADED}[night_units]:1:after",
        f"{FILL}:1:after",
        f"{LEDGER}.batches:void_stale:1:after",
        f"{EXECUTE}[INSERT INTO batches]:1:after",
        f"{EXECUTE}[INSERT INTO payment_lines]:1:after",
        f"{LEDGER}.batches:form_batches:1:after",
        f"{CLOSED}:2:after",
        f"{EVENT}[form batches]:1:after",
        f"{DISBURSEMENT}:list_waiting:1:before",
        f"{FILL}:2:before",
        f"{FILL}:2:after",
        f"{LISTS}:ledger_rows:4:after",
        f"{DISBURSEMENT}:_publish_waiting:1:before",
        f"{PUBLISH}:link:1:after",
        f"{EVENT}[waiting]:1:before",
        f"{EVENT}[waiting]:1:after",
        f"{DISBURSEMENT}:_publish_waiting:2:after",
    ],
    "approved": [
        f"{DISBURSEMENT}:publish:1:before",
        f"{DISBURSEMENT}:_instruct:1:before",
        f"{LISTS}:ledger_rows:1:after",
        "stable_jobs.disbursement.batch_files:write_batch_files:1:before",
        "stable_jobs.bank.payment_files:write_pain001:1:after",
        "stable_jobs.disbursement.batch_files:write_batch_files:1:after",
        f"{ONCE}:_kept:1:before",
        f"{ONCE}:_kept:1:after",
        f"{ONCE}:_kept:2:after",
        f"{ONCE}:_kept[payment.001.xml]:1:after",
        f"{ONCE}:_kept[manifest.json]:1:after",
        "stable_jobs.store.lake:Lake._copy:1:after",
        f"{ONCE}:keep_files:1:after",
        f"{EVENT}[instruct]:1:before",
        f"{EXECUTE}[UPDATE batches SET state = 'published']:1:after",
        f"{EXECUTE}[INSERT INTO instructions]:1:after",
        f"{EXECUTE}[INSERT INTO published_files]:1:after",
        f"{LEDGER}.batches:instruct:1:after",
        f"{CLOSED}[instruct]:1:after",
        f"{EVENT}[instruct]:1:after",
        f"{DISBURSEMENT}:_instruct:2:before",
        f"{EVENT}[instruct]:4:after",
        f"{DISBURSEMENT}:_instruct:4:after",
        f"{ONCE}:place_files:1:before",
        f"{ONCE}:_place:1:before",
        f"{ONCE}:_place:1:after",
        f"{ONCE}:_place:2:after",
        "stable_jobs.store.lake:Lake.fetch:1:after",
        f"{ONCE}:_place[payment.001.xml]:1:after",
        f"{ONCE}:_place[manifest.json]:1:before",
        f"{LINK}[manifest.json]:1:after",
        f"{ONCE}:_place[manifest.json]:1:after",
        f"{ONCE}:place_files:2:after",
        f"{DISBURSEMENT}:publish:1:after",
        f"{DISBURSEMENT}:_publish_waiting:1:after",
    ],
    "answered": [
        f"{RETURNS}:take_answers:1:before",
        "stable_jobs.store.lake:Lake.put_landing:1:before",
        "stable_jobs.store.lake:Lake.put_landing:1:after",
        "stable_jobs.bank.answer_reading:read_answer:1:after",
        f"{EVENT}[bank answer]:1:before",
        f"{LOADED}:1:after",
        f"{RETURNS}:_bind:1:after",
        f"{LEDGER}.returns:take_answer:1:before",
        "sqlalchemy.engine:Connection.scalar[INSERT INTO bank_answers]:1:after",
        f"{EXECUTE}[INSERT INTO bank_results]:1:after",
        f"{LEDGER}.returns:take_answer:1:after",
        f"{CLOSED}:1:after",
        f"{EVENT}[bank answer]:1:after",
        f"{EVENT}[bank answer]:2:after",
        f"{RETURNS}:_record_unreadable:1:before",
        f"{RETURNS}:_record_unreadable:1:after",
        f"{ANSWER_LISTS}:publish_answers:1:before",
        f"{LISTS}:ledger_rows:1:after",
        f"{ANSWER_LISTS}:_publish_batch:1:before",
        f"{PUBLISH}:link:2:after",
        f"{RECORD}:1:before",
        f"{EVENT}[published]:1:after",
        f"{ANSWER_LISTS}:_publish_batch:3:after",
        f"{ANSWER_LISTS}:_publish_work_list:1:before",
        f"{ANSWER_LISTS}:_publish_work_list:2:after",
        f"{ANSWER_LISTS}:_publish_refused:1:before",
        f"{ANSWER_LISTS}:_publish_refused:1:after",
    ],
}
"""Stage → where its command is killed: `module:function[text in an argument]:count:before or after`."""

SERVER = {
    "decided": f"{LEDGER}.entitlements:apply_night:1:server",
    "announced": f"{LEDGER}.batches:form_batches:1:server",
    "approved": f"{LEDGER}.batches:instruct:2:server",
    "answered": f"{LEDGER}.returns:take_answer:2:server",
}
