-- One row for each (task, key) that ever ran: which job runs it now, and what it owes afterwards.
-- The queue of waiting jobs itself belongs to the engine (pgqueuer's tables); see jobs/doorbells.py.
create table doorbells (
    task        text        not null,               -- name of the handler
    key         text        not null,               -- what the handler is to work on; opaque here
    job_id      bigint,                             -- the engine's job that runs now; null = nobody runs
    holder      uuid,                               -- the worker that runs it; null = nobody runs
    rung_again  boolean     not null default false, -- a ring fell due while the handler was running
    failures    integer     not null default 0,     -- failed runs in a row; decides the back-off
    started_at  timestamptz,                        -- start of the newest run
    finished_at timestamptz,                        -- end of the newest run that ended
    primary key (task, key),
    check ((job_id is null) = (holder is null)),
    check (failures >= 0)
);
