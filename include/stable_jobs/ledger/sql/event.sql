-- One transaction of the ledger is one audit event: one writer after the other, each chained by hash.

-- name: open
SELECT set_config('stable_jobs.event', :event, true),
       set_config('stable_jobs.business_date', :on, true),
       set_config('stable_jobs.hand', :hand, true);

-- name: room
SELECT set_config('work_mem', '64MB', true)
WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB');
