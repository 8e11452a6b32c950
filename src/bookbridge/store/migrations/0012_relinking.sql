-- What was begun under one authorisation must not act on the next one.
alter table connections add column linked_last timestamptz;         -- when it was last authorised; null: not since this
alter table push_operations add column organisation_id text;        -- whose books it was accepted for; null: not known
