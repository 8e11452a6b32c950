-- Whose books: the installation's client, its companies, their connections, and what opens them.
-- Columns named `sealed_*` hold ciphertext of the vault; nothing in this file is a secret in clear.

-- The one client of this installation.
create table client (
    only_row        boolean primary key default true check (only_row),
    id              uuid not null,
    name            text not null,
    logo_url        text,
    icon_url        text,
    redirect_url    text not null default '',       -- template; empty: our own success page
    white_list_urls text[] not null default '{}',   -- where a redirect with a dynamic host may lead
    confirm_company_name boolean,                   -- kept for callers that still send it
    default_products text[] not null default '{}',  -- given to each new company
    created         timestamptz not null default now()
);

create table api_keys (
    id         uuid primary key,
    name       text,
    hash       bytea not null unique,               -- SHA-256: keys are random, so nothing slower is needed
    sealed_key bytea not null,                      -- the contract shows keys again
    created    timestamptz not null default now()
);

create table companies (
    id                   uuid primary key,
    name                 text not null,
    description          text,
    tags                 jsonb not null default '{}',
    products             text[] not null default '{}',
    parent_id            uuid,
    created              timestamptz not null default now(),
    created_by_user_name text,
    last_sync            timestamptz,
    link_generation      integer not null default 0,    -- grows with each use of a link code: codes work once
    link_misses          integer not null default 0,    -- wrong codes since `link_misses_since`
    link_misses_since    timestamptz
);
create index companies_by_created on companies (created, id);
create index companies_by_parent on companies (parent_id) where parent_id is not null;
create index companies_by_tags on companies using gin (tags jsonb_path_ops);

create table connections (
    company_id        uuid not null references companies (id) on delete cascade,
    id                uuid not null,
    integration_key   text not null,
    status            text not null check (status in ('PendingAuth', 'Linked', 'Unlinked', 'Deauthorized')),
    created           timestamptz not null default now(),
    last_sync         timestamptz,
    linked_first      timestamptz,                  -- null: never linked
    organisation_id   text,                         -- the vendor's; kept when unlinked, to recognise it again
    organisation_name text,                         -- as the ledger calls itself
    facts             jsonb not null default '{}',  -- what the connector learnt when linking
    connection_info   jsonb,                        -- free details shown to callers
    errors            jsonb not null default '[]',  -- the contract's dataConnectionErrors, oldest first
    link_generation   integer not null default 0,
    link_misses       integer not null default 0,
    link_misses_since timestamptz,
    primary key (company_id, id)
);
create index connections_by_id on connections (id);
create index connections_by_status on connections (status, company_id);

-- The timeline of a connection, for people.
create table connection_events (
    company_id    uuid not null,
    connection_id uuid not null,
    id            bigint generated always as identity,
    at            timestamptz not null default now(),
    event         text not null,                    -- Created | Started | Completed | Failed | Unlinked | Deauthorized
    detail        text,
    primary key (company_id, connection_id, id),
    foreign key (company_id, connection_id) references connections (company_id, id) on delete cascade
);

-- What opens a connection. One row while authorised; dropped when unlinked.
create table credentials (
    company_id      uuid not null,
    connection_id   uuid not null,
    sealed_current  bytea not null,
    sealed_previous bytea,                          -- the one before, until the current one has been refreshed
    expires         timestamptz,                    -- of the access token; null: does not expire
    fence           bigint not null default 0,      -- grows with each refresh that is begun; only the newest may save
    claimed_until   timestamptz,                    -- a refresh was begun and may have reached the vendor
    saved           timestamptz not null default now(),
    primary key (company_id, connection_id),
    foreign key (company_id, connection_id) references connections (company_id, id) on delete cascade
);
create index credentials_by_expiry on credentials (expires);

-- One walk of a browser through a vendor's consent page. The vendor's callback knows nothing but the state,
-- so the table is also found by that.
create table link_attempts (
    company_id      uuid not null,
    connection_id   uuid not null,
    id              uuid not null,
    state_hash      bytea not null,
    browser_hash    bytea not null,                 -- of a cookie: the browser that began must be the one that ends
    sealed_verifier bytea,                          -- PKCE; dropped once the state was used
    sealed_grant    bytea,                          -- the fresh authorisation while the person chooses
    organisations   jsonb not null default '[]',
    parameters      jsonb not null default '{}',    -- the application's own, given back with the redirect
    step            text not null default 'Started',    -- Started | Returned | Authorised | Finished | Cancelled | Failed
    created         timestamptz not null default now(),
    expires         timestamptz not null,
    primary key (company_id, connection_id, id),
    foreign key (company_id, connection_id) references connections (company_id, id) on delete cascade
);
create unique index link_attempts_by_state on link_attempts (state_hash);
create index link_attempts_by_id on link_attempts (id);
create index link_attempts_by_expiry on link_attempts (expires);
