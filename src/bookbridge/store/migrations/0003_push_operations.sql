-- Writes to vendors: one row per write that an application asked for. `stage` says what the vendor may have seen,
-- `status` what the application is told; a write that timed out for the application may still be under way.
create table push_operations (
    company_id          uuid not null,
    id                  uuid not null,
    connection_id       uuid not null,
    place               bigint generated always as identity,    -- order of acceptance; writes leave in this order
    data_type           text not null,
    kind                text not null check (kind in ('Create', 'Update', 'Delete', 'UploadAttachment')),
    record_id           text,                   -- what is updated, deleted or attached to; null for a create
    status              text not null check (status in ('Pending', 'Success', 'Failed', 'TimedOut')),
    stage               text not null check (stage in ('accepted', 'intended', 'uncertain', 'done')),
    body                text,                   -- the JSON text as it was sent to us; null without a record
    file_name           text,
    file_content_type   text,
    file_content        bytea,                  -- dropped once done
    sync_on_complete    boolean not null,       -- read the data type again after a success
    timeout_in_minutes  integer,
    intent_key          uuid not null,          -- goes to the vendor with every sending of this write
    intent_recorded_at  timestamptz,            -- before the first byte left; null: nothing was ever sent
    runs                integer not null default 0,     -- grows with each run; only the newest may save
    failures            integer not null default 0,     -- tries that failed at the vendor
    not_before          timestamptz,            -- waits until then
    requested           timestamptz not null default now(),
    completed           timestamptz,            -- when it left Pending
    result_record_id    text,
    attachment_id       text,
    changes             text not null default '[]',     -- JSON, as shown
    error_message       text,
    validation          text,                   -- JSON, as shown
    primary key (company_id, id),
    foreign key (company_id, connection_id) references connections (company_id, id) on delete cascade
);
-- Large and already compressed as a rule: compressing again costs time and saves nothing.
alter table push_operations alter column file_content set storage external;
create index push_operations_open on push_operations (connection_id, place) where stage <> 'done';
create index push_operations_results on push_operations (connection_id, data_type, kind, place)
    where result_record_id is not null;
create index push_operations_by_requested on push_operations (company_id, requested desc);

-- Answers to requests that carried an Idempotency-Key, to be given again to the same request.
create table idempotency_keys (
    client_id     uuid not null,
    key_hash      bytea not null,
    request_hash  bytea not null,               -- SHA-256 of method, address and body
    holder        uuid not null,                -- who works on the request; only the newest may answer
    claimed_until timestamptz not null,         -- a holder that has not answered by then is taken for dead
    status        integer,                      -- HTTP status of the answer; null: not answered yet
    body          bytea,
    expires       timestamptz not null,
    primary key (client_id, key_hash)
);
create index idempotency_keys_by_expiry on idempotency_keys (expires);
