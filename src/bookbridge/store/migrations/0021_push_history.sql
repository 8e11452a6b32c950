-- Writes that ended long ago are forgotten, oldest first.
create index push_operations_ended on push_operations (completed) where stage = 'done';
-- A key that stands for a write goes with it.
alter table idempotency_keys
    add column company_id uuid,                 -- of the write
    add foreign key (company_id, operation_id) references push_operations (company_id, id) on delete cascade;
create index idempotency_keys_by_operation on idempotency_keys (company_id, operation_id)
    where operation_id is not null;
