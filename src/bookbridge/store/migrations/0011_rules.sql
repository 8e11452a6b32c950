-- Rules: the older way of asking to be told. A rule names one kind of alert, for one company or for all.
create table rules (
    id         uuid primary key,
    type       text not null,
    company_id uuid,                            -- null: all companies
    emails     text[] not null default '{}',    -- kept for callers that send them; nothing is mailed
    webhook    text,
    created    timestamptz not null
);
create index rules_by_type on rules (type);

-- Alerts on their way to a rule's address; removed a while after they have ended.
create table rule_alerts (
    rule_id      uuid not null references rules (id) on delete cascade,
    id           uuid not null,
    body         text not null,                 -- JSON, without what is known of the client only when it is sent
    status       text not null,                 -- Sending | Attempting | Success | Failure
    attempts     integer not null default 0,
    next_attempt timestamptz,                   -- null: nothing more to do
    created      timestamptz not null,
    primary key (rule_id, id)
);
create index rule_alerts_due on rule_alerts (rule_id, next_attempt) where next_attempt is not null;
create index rule_alerts_by_created on rule_alerts (created);

-- Sent as Authorization with each alert.
alter table client add column sealed_alert_auth_header bytea;
