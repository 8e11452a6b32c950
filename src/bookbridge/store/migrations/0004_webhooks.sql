-- Who wants to be told of what. A consumer belongs to the installation, not to a company.
create table webhook_consumers (
    id            uuid primary key,
    url           text not null,
    description   text not null default '',
    event_types   text[] not null,
    company_tags  text[],                        -- "key:value"; any one of them suffices; null: all companies
    disabled      boolean not null default false,
    disabled_why  text,                          -- null: by a person; else the reason why we did it
    secret        bytea not null,                -- sealed signing secret
    failing_since timestamptz,                   -- first failure after the last success
    last_failure  timestamptz,
    created       timestamptz not null
);

-- What happened, kept for two weeks whether anybody subscribes or not. `body` is the text that is signed and sent:
-- it is written once, so every attempt sends the same bytes.
create table webhook_messages (
    id           uuid primary key,
    company_id   uuid,                           -- null: of the installation itself
    company_tags text[] not null default '{}',   -- "key:value", as they were when it happened
    event_type   text not null,
    body         text not null,
    is_example   boolean not null default false, -- sent by a person to try a receiver; never replayed to others
    created      timestamptz not null
);
create index webhook_messages_by_created on webhook_messages (created, id);
create index webhook_messages_by_company on webhook_messages (company_id, created, id) where company_id is not null;

-- One row per message and consumer that shall get it. Removing the consumer drops what is pending.
create table webhook_deliveries (
    consumer_id   uuid not null references webhook_consumers (id) on delete cascade,
    message_id    uuid not null references webhook_messages (id) on delete cascade,
    status        text not null,                 -- Sending | Attempting | Success | Failure
    attempt_count integer not null default 0,    -- over all schedules; the number of the last attempt
    step          integer not null default 0,    -- attempts made in the present schedule; a resend starts at 0
    next_attempt  timestamptz,                   -- null: nothing more to do
    completed     timestamptz,
    primary key (consumer_id, message_id)
);
create index webhook_deliveries_due on webhook_deliveries (consumer_id, next_attempt)
    where next_attempt is not null;
create index webhook_deliveries_by_message on webhook_deliveries (message_id);

-- The newest attempts of each delivery, for people who look for the reason of a failure.
create table webhook_attempts (
    consumer_id uuid not null,
    message_id  uuid not null,
    attempt     integer not null,
    started     timestamptz not null,
    duration_ms integer not null,
    status_code integer,                         -- null: no answer
    error       text,                            -- null: success
    primary key (consumer_id, message_id, attempt),
    foreign key (consumer_id, message_id)
        references webhook_deliveries (consumer_id, message_id) on delete cascade
);
create index webhook_attempts_by_started on webhook_attempts (started);

-- The key of an application that subscribes on a person's behalf; one live key per application.
create table webhook_integration_keys (
    application text primary key,                -- "zapier"
    key_hash    bytea not null,                  -- SHA-256; the key itself is shown once
    created     timestamptz not null
);
