-- One transaction of the ledger is one audit event: one writer after the other, each chained by hash.

-- name: open
SELECT set_config('stable_jobs.event', :event, true),
       set_config('stable_jobs.business_date', :on, true),
       set_config('stable_jobs.hand', :hand, true);
