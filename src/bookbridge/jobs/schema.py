"""What we add to the engine's tables: an index, a notice that says what was rung, and the start of a run in one call.
The engine leaves alone what it did not declare.

It must not decide anything that `doorbells` does not describe: `start_run` is the usual case of `doorbells.begin`.
"""

from __future__ import annotations

from typing import Final

import asyncpg

RUNG_CHANNEL: Final = "job_rung"
"""Notified of new jobs: the name of a task, and after a space the id of its job if there is just one, due at once."""

_TAKING: Final = 0x74616B65

# All jobs of one (task, key) are looked up whenever one of them starts.
_INDEX = "create index if not exists {name}_doorbell_idx on {queue} (entrypoint, payload)"

# The engine's own notice names no task: every worker would look for jobs whenever anybody rings for anything.
_NOTICE = """
create or replace function tell_rung() returns trigger language plpgsql as $$
begin
    perform pg_notify('{channel}', entrypoint || case when jobs = 1 and due then ' ' || job else '' end)
        from (select entrypoint, count(*) as jobs, min(id) as job, bool_and(execute_after <= now()) as due
              from rung group by entrypoint) as tasks;
    return null;
end $$;

create or replace trigger {name}_tell_rung after insert on {queue}
    referencing new table as rung for each statement execute function tell_rung()"""

# Under the row's lock: the row is the job's from now on, and the rings that its start answers are removed.
_OCCUPY = """
create or replace function occupy_doorbell(wanted_task text, wanted_key text, job bigint, worker uuid, content bytea)
    returns void language plpgsql as $$
declare
    answered bigint[];
begin
    update doorbells set job_id = job, holder = worker, rung_again = false, started_at = clock_timestamp()
        where task = wanted_task and key = wanted_key;
    select array_agg(id) into answered from {queue}
        where entrypoint = wanted_task and payload = content and id <> job and execute_after <= now();
    -- Only if there are any: the engine announces every delete, even of nothing, to all workers.
    if answered is not null then
        delete from {queue} where id = any (answered);
    end if;
end $$"""

# Each statement of a function sees what was committed before it began: what follows the lock sees what the lock's last
# holder did, as statements of a transaction would, for the price of one.
_START = """
create or replace function start_run(wanted_task text, wanted_key text, job bigint, worker uuid, content bytea)
    returns boolean language plpgsql as $$
declare
    running bigint;
begin
    insert into doorbells as bell (task, key) values (wanted_task, wanted_key)
        on conflict (task, key) do update set task = excluded.task
        returning job_id into running;
    if running is not null then
        return null;
    end if;
    update {queue} set heartbeat = now() where id = job and queue_manager_id = worker and status = 'picked';
    if not found then
        return false;
    end if;
    perform occupy_doorbell(wanted_task, wanted_key, job, worker, content);
    return true;
end $$"""


# A job that was just rung: what the engine does to jobs that it picks, and the start (`start_run`, but the job is known
# to be the worker's). Of many who hear of it one goes
# on. The doorbell is locked before the job, as by everybody who locks both.
_TAKE = """
create or replace function take_run(job bigint, worker uuid, out taken {queue}, out started boolean)
    language plpgsql as $$
declare
    rung {queue};
    running bigint;
begin
    select * into rung from {queue} where id = job and status = 'queued' and execute_after <= now();
    if not found or not pg_try_advisory_xact_lock({taking}, hashint8(job)) then
        return;
    end if;
    insert into doorbells as bell (task, key) values (rung.entrypoint, convert_from(rung.payload, 'UTF8'))
        on conflict (task, key) do update set task = excluded.task
        returning job_id into running;
    update {queue} set status = 'picked', queue_manager_id = worker, heartbeat = now(), updated = now()
        where id = job and status = 'queued' returning * into taken;
    if found and running is null then
        perform occupy_doorbell(rung.entrypoint, convert_from(rung.payload, 'UTF8'), job, worker, rung.payload);
        started := true;
    end if;
end $$"""


async def extend(db: asyncpg.Connection, *, table: str, queue: str) -> None:
    """Make the additions to the queue `table`, whose qualified name is `queue`; changes nothing when they are there.
    The caller sees to it that nobody else changes the schema."""
    for statements in (_INDEX, _NOTICE, _OCCUPY, _START, _TAKE):
        await db.execute(statements.format(name=table, queue=queue, channel=RUNG_CHANNEL, taking=_TAKING))
