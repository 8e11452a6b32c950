-- Everything read from vendors lies in one table; a data type is a value, not a table.
-- `body` is the JSON text that callers get, byte for byte; `source_body` is what the vendor sent.
create table records (
    company_id      uuid not null,
    data_type       text not null,
    connection_id   uuid not null,
    record_id       text not null,
    source          text not null,              -- the vendor list it came from
    modified        timestamptz not null,       -- when this version was stored
    source_modified timestamptz,                -- as the vendor tells it
    is_deleted      boolean not null default false,
    is_absent       boolean not null default false,   -- deleted without trace: the vendor no longer lists it
    hash            bytea not null,             -- of the record without `modifiedDate`: unchanged means no write
    body            text not null,
    source_body     text not null,
    -- In the order in which lists are read: one index serves look-ups and paging. Another index that begins with
    -- company and data type would be taken for the look-up of a single record while statistics know nothing of a
    -- new company, and then scanned whole for each of its records.
    primary key (company_id, data_type, record_id, connection_id)
) with (toast_tuple_target = 8160);

-- One row per read of one data type over one connection (the contract's "pull operation").
create table datasets (
    company_id         uuid not null,
    id                 uuid not null,
    connection_id      uuid not null,
    data_type          text not null,
    batch_id           uuid not null,           -- queued together; read.completed is raised once per batch
    is_initial         boolean not null default false,
    sync_order         integer not null,
    status             text not null,
    status_description text,
    error_message      text,
    requested          timestamptz not null default now(),
    started            timestamptz,
    completed          timestamptz,
    progress           integer not null default 0,
    attempts           integer not null default 0,
    since              timestamptz,             -- null: a full read
    source             text,                    -- the list being read
    cursor             text,                    -- continues after the last saved page
    sources_done       text[] not null default '{}',
    lists_ids          boolean not null default false,  -- this read notes every id, to find what vanished
    rounds             integer not null default 0,      -- re-reads after a count that did not match
    records_read       bigint not null default 0,
    records_written    bigint not null default 0,
    issues             text not null default '[]',      -- JSON: warnings for read.completed
    primary key (company_id, id)
);
create index datasets_open on datasets (connection_id, sync_order, requested) where completed is null;
create unique index datasets_one_open on datasets (company_id, connection_id, data_type) where completed is null;
create index datasets_by_requested on datasets (company_id, requested desc);
create index datasets_by_batch on datasets (company_id, batch_id);

-- What is known of each data type of each connection: where the next incremental read starts, and whether
-- what we hold was proved to be all that the vendor has.
create table data_type_states (
    company_id           uuid not null,
    connection_id        uuid not null,
    data_type            text not null,
    read_through         timestamptz,           -- changes up to here are stored
    last_full_read       timestamptz,
    expected             bigint,                -- the vendor's own total
    stored               bigint,                -- what we held when it was checked
    completeness         text not null default 'Unknown',   -- Complete | Short | Unknown
    completeness_method  text,                  -- how it was checked, in words
    completeness_checked timestamptz,
    deletions_held       integer not null default 0,        -- vanished records not yet believed
    deletions_confirmed  boolean not null default false,    -- a person said that they are really gone
    primary key (company_id, connection_id, data_type)
);

-- Ids listed by a full read of a vendor that forgets deleted records; emptied when the read ends.
create table listed_records (
    company_id uuid not null,
    dataset_id uuid not null,
    record_id  text not null,
    primary key (company_id, dataset_id, record_id)
);

-- Findings of the data types' own rules about records that were read.
create table validation_findings (
    company_id uuid not null,
    dataset_id uuid not null,
    record_id  text not null,
    rule_id    text not null,
    severity   text not null,                   -- Warning | Error
    message    text not null,
    primary key (company_id, dataset_id, record_id, rule_id)
);
