-- A read that met trouble of its own waits alone: until then the connection's other reads go on.
alter table datasets add column not_before timestamptz;
