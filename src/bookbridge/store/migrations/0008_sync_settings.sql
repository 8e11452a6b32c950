-- What is read, how far back, and how often: the client's wishes, and those of companies that differ.
-- `settings` is the JSON array of what was set, one element for each data type that was named.
create table client_sync_settings (
    only_row           boolean primary key default true check (only_row),
    overrides_defaults boolean not null,        -- false: kept, but not followed
    settings           text not null
);

create table company_sync_settings (
    company_id         uuid primary key references companies (id) on delete cascade,
    overrides_defaults boolean not null,
    settings           text not null
);

-- When each data type of each connection is to be read again. A row exists while a schedule is set and the
-- connection is linked.
create table sync_schedule (
    company_id    uuid not null,
    connection_id uuid not null,
    data_type     text not null,
    every_h       integer not null check (every_h > 0),     -- hours from the end of one read to the next
    due           timestamptz not null,
    primary key (company_id, connection_id, data_type)
);
create index sync_schedule_by_due on sync_schedule (due);

-- `extent` says in words which records were asked for and how they were kept. Two reads of one extent add up; after
-- another one, everything is read anew. `read_from`: records that changed before it are not kept.
alter table datasets add column extent text not null default '', add column read_from timestamptz;
alter table data_type_states add column extent text not null default '';
