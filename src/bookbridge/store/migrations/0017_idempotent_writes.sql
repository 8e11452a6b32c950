-- A request that waits for the end of its write may give up or die before it has an answer. What it submitted is
-- remembered beside its key, so that the same request goes on waiting for it and submits nothing again.
alter table idempotency_keys add column operation_id uuid;
