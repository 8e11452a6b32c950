-- What happened to each write, step by step: added to, never changed, and gone with the write.
create table push_steps (
    company_id    uuid not null,
    operation_id  uuid not null,
    place         bigint generated always as identity,
    happened      timestamptz not null default clock_timestamp(),
    step          text not null,
    run           integer not null,             -- which run of a worker; 0: before any
    reason        text,                         -- for people
    until         timestamptz,                  -- of a wait: when it ends at the latest
    primary key (company_id, operation_id, place),
    foreign key (company_id, operation_id) references push_operations (company_id, id) on delete cascade
);

alter table push_operations
    add column force_update boolean not null default false,     -- overwrite what somebody else changed meanwhile
    add column awaits uuid[];   -- earlier writes whose records this one names by their operation's key; null: none
