-- Expenses on their way into the books: what an expense application sent, and what became of each transaction.
create table expense_configurations (
    company_id      uuid not null,
    connection_id   uuid not null,              -- the ids below are of its books
    bank_account_id text,
    supplier_id     text,
    customer_id     text,
    primary key (company_id, connection_id),
    foreign key (company_id, connection_id) references connections (company_id, id) on delete cascade
);

-- Transactions that wait for a sync to be started by hand.
create table expense_datasets (
    company_id      uuid not null,
    id              uuid not null,
    connection_id   uuid not null,
    content         text not null,              -- JSON, a list of transactions
    created         timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, connection_id) references connections (company_id, id) on delete cascade
);

create table expense_syncs (
    company_id      uuid not null,
    id              uuid not null,
    connection_id   uuid not null,
    place           bigint generated always as identity,    -- order of acceptance
    stage           text not null check (stage in ('accepted', 'pushing', 'done')),
    status_code     integer,                    -- null until done
    error_message   text,
    data_pushed     boolean not null default false,
    requested       timestamptz not null default now(),
    completed       timestamptz,
    primary key (company_id, id),
    foreign key (company_id, connection_id) references connections (company_id, id) on delete cascade
);
create index expense_syncs_newest on expense_syncs (company_id, place desc);

create table expense_transactions (
    company_id          uuid not null,
    sync_id             uuid not null,
    transaction_id      uuid not null,          -- given by the application
    connection_id       uuid not null,
    position            integer not null,       -- within the sync
    is_update           boolean not null,       -- changes the record that an earlier sync wrote
    content             text not null,          -- JSON
    status              text not null check (status in ('Pending', 'ValidationError', 'Completed', 'PushError')),
    status_code         integer,                -- what it makes of the sync; null while Pending
    message             text,
    data_type           text,                   -- of the record that it becomes; null until decided
    push_operation_id   uuid,
    record_id           text,                   -- as the platform names it; null until written
    primary key (company_id, sync_id, transaction_id),
    foreign key (company_id, sync_id) references expense_syncs (company_id, id) on delete cascade
);
-- Never twice: what is written, or on its way, is not accepted again under the same id.
create unique index expense_transactions_once on expense_transactions (company_id, transaction_id)
    where not is_update and status in ('Pending', 'Completed');
create unique index expense_transactions_by_operation on expense_transactions (company_id, push_operation_id)
    where push_operation_id is not null;
