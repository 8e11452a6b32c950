-- Lists at any size: exact totals without counting, deep pages without skipping, and selective queries by index.
-- See decisions/0005-lists-at-size.md.

-- 1, 2, 3 … within company, data type and connection, in the order of arrival, without gaps: page n is a range of
-- places. A record keeps its place for life; null never happens to what save_records wrote.
alter table records add column place bigint;

-- One row per list that a connection fills. Writers of one list queue up at its row, which keeps places without gaps.
create table record_counts (
    company_id    uuid   not null,
    data_type     text   not null,
    connection_id uuid   not null,
    stored        bigint not null default 0,    -- how many records there are, which is also the last place
    primary key (company_id, data_type, connection_id)
) with (fillfactor = 50);
create index record_counts_by_connection on record_counts (connection_id);

-- What is queried and ordered by most, taken from the body. Text is in lower case. Written a little after the record,
-- because five indexes cost more than the record itself: what lies beyond `record_keyed.through` and has no row here
-- is read from its body. A changed record's row is written with the change.
create table record_keys (
    company_id    uuid   not null,
    data_type     text   not null,
    connection_id uuid   not null,
    place         bigint not null,
    modified      timestamptz not null,
    status        text,
    party         text,                         -- id of the supplier, customer or contact
    issued        timestamptz,
    due           timestamptz,
    total         numeric,
    amount_due    numeric,
    primary key (company_id, data_type, connection_id, place)
);

-- Up to which place the records of a list have their keys. Its lock is the key writers' own: savers do not wait for it.
create table record_keyed (
    company_id    uuid   not null,
    data_type     text   not null,
    connection_id uuid   not null,
    through       bigint not null default 0,
    primary key (company_id, data_type, connection_id)
) with (fillfactor = 50);

-- A date as the bodies write it; null for what is none.
create function moment_of(written text) returns timestamptz
language plpgsql stable strict parallel safe as $$
begin
    return written::timestamptz;
exception when data_exception then
    return null;
end $$;

-- A body's content; null for more digits or stranger characters than jsonb takes.
create function content_of(body text) returns jsonb
language plpgsql stable strict parallel safe as $$
begin
    return body::jsonb;
exception when data_exception then
    return null;
end $$;

-- The keys of one body. Each stands for one path at most among those that a data type has. Never fails: a malformed
-- value is kept in its body, but not found by.
create function keys_of(body text) returns table (
    status text, party text, issued timestamptz, due timestamptz, total numeric, amount_due numeric
) language sql stable as $$
    select lower(content ->> 'status'),
        lower(coalesce(
            content #>> '{supplierRef,id}', content #>> '{customerRef,id}', content #>> '{contactRef,id}')),
        moment_of(coalesce(content ->> 'issueDate', content ->> 'date')),
        moment_of(content ->> 'dueDate'),
        case when jsonb_typeof(content -> 'totalAmount') = 'number' then (content -> 'totalAmount')::numeric end,
        case when jsonb_typeof(amount) = 'number' then amount::numeric end
    from (
        select content, coalesce(content -> 'amountDue', content -> 'remainingCredit') as amount
        -- offset 0: parsed once, not once for each use.
        from (select content_of(body) as content offset 0) as parsed) as found
$$;

-- Save one page; returns how many rows were written. An unchanged record costs no write and no lock.
-- The count's row is locked first, and the statement after it sees what the lock's last holder has committed: so a
-- record without a row is new for certain, no place is given twice or lost, and nothing can conflict.
-- What is new or changed is found from ids and hashes alone: bodies are wide, and most pages of a later read are
-- unchanged. The look-up is a scalar subquery because that is always an index look-up per row. An absent record never
-- counts as unchanged: it is listed again. Of a record that a vendor lists twice in one page the last one counts.
-- A plan is made once and knows no sizes: one made while the table was small must not scan it when it has grown.
create function save_records(
    of_company uuid, of_type text, of_connection uuid, of_source text, at timestamptz,
    ids text[], vendor_times timestamptz[], deletions boolean[], hashes bytea[], bodies text[], vendor_bodies text[]
) returns bigint language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    held    bigint;
    added   bigint;
    changed bigint;
    places  bigint[];       -- of each new record of the page
    stale   boolean[];      -- whether the record is stored, and differs
begin
    loop
        select stored into held from record_counts
        where company_id = of_company and data_type = of_type and connection_id = of_connection for no key update;
        exit when found;
        insert into record_counts (company_id, data_type, connection_id)
        values (of_company, of_type, of_connection) on conflict do nothing;
    end loop;

    select array_agg(place order by position), array_agg(is_stale order by position), count(place),
        count(*) filter (where is_stale)
    into places, stale, added, changed
    from (
        select position, is_last and known is not null and hash <> known as is_stale,
            case when is_last and known is null then
                held + count(*) filter (where is_last and known is null) over (order by record_id, position)
            end as place
        from (
            select n.*, lead(n.record_id) over (order by n.record_id, n.position) is distinct from n.record_id as is_last,
                (select case when k.is_absent then '' else k.hash end from records k
                where k.company_id = of_company and k.data_type = of_type and k.record_id = n.record_id
                  and k.connection_id = of_connection) as known
            from unnest(ids, hashes) with ordinality as n (record_id, hash, position)) as compared) as numbered;

    if added > 0 then
        insert into records
            (company_id, data_type, connection_id, record_id, source, modified, source_modified, is_deleted, hash, body,
             source_body, place)
        select of_company, of_type, of_connection, n.record_id, of_source, at, n.source_modified, n.is_deleted, n.hash,
            n.body, n.source_body, n.place
        from unnest(ids, vendor_times, deletions, hashes, bodies, vendor_bodies, places)
            as n (record_id, source_modified, is_deleted, hash, body, source_body, place)
        where n.place is not null;
        update record_counts set stored = held + added
        where company_id = of_company and data_type = of_type and connection_id = of_connection;
    end if;

    if changed > 0 then
        with saved as (
            update records r set
                source = of_source, modified = at, source_modified = n.source_modified, is_deleted = n.is_deleted,
                hash = n.hash, body = n.body, source_body = n.source_body, is_absent = false
            from unnest(ids, vendor_times, deletions, hashes, bodies, vendor_bodies, stale)
                as n (record_id, source_modified, is_deleted, hash, body, source_body, is_stale)
            where n.is_stale and r.company_id = of_company and r.data_type = of_type and r.record_id = n.record_id
              and r.connection_id = of_connection
              -- A page that was read earlier may be saved later (a stalled worker, a write's re-read): never go back
              -- in time.
              and (r.source_modified is null or n.source_modified is null or n.source_modified >= r.source_modified)
            returning r.place, r.body
        ), keyed as (
            insert into record_keys as k (company_id, data_type, connection_id, place, modified,
                status, party, issued, due, total, amount_due)
            select of_company, of_type, of_connection, s.place, at, f.*
            from saved s cross join lateral keys_of(s.body) as f
            order by s.place
            on conflict (company_id, data_type, connection_id, place) do update set
                modified = excluded.modified, status = excluded.status, party = excluded.party,
                issued = excluded.issued, due = excluded.due, total = excluded.total, amount_due = excluded.amount_due
        )
        select count(*) into changed from saved;
    end if;
    return added + changed;
end $$;

-- Write the keys of at most `records_max` records of one list that have none yet; returns how many are still to do.
-- A record that changes meanwhile has got its row from whoever changed it: that row stays.
create function key_records(of_company uuid, of_type text, of_connection uuid, records_max bigint) returns bigint
language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    done    bigint;
    until   bigint;
begin
    -- Shared with savers, but not with whoever deletes the list.
    select stored into until from record_counts
    where company_id = of_company and data_type = of_type and connection_id = of_connection for key share;
    loop
        select through into done from record_keyed
        where company_id = of_company and data_type = of_type and connection_id = of_connection for update;
        exit when found or until is null;
        insert into record_keyed (company_id, data_type, connection_id)
        values (of_company, of_type, of_connection) on conflict do nothing;
    end loop;
    if until is null or until <= done then
        return 0;
    end if;
    insert into record_keys (company_id, data_type, connection_id, place, modified,
        status, party, issued, due, total, amount_due)
    select r.company_id, r.data_type, r.connection_id, r.place, r.modified, f.*
    from records r cross join lateral keys_of(r.body) as f
    where r.company_id = of_company and r.data_type = of_type and r.connection_id = of_connection
      and r.place > done and r.place <= least(until, done + records_max)
    order by r.place
    on conflict do nothing;
    update record_keyed set through = least(until, done + records_max)
    where company_id = of_company and data_type = of_type and connection_id = of_connection;
    return until - least(until, done + records_max);
end $$;

update records r set place = n.place
from (
    select ctid as at, row_number() over (partition by company_id, data_type, connection_id order by record_id) as place
    from records) as n
where r.ctid = n.at;

insert into record_counts (company_id, data_type, connection_id, stored)
select company_id, data_type, connection_id, count(*) from records group by company_id, data_type, connection_id;

-- `place is not null` is said by lists and not by look-ups of single records: while statistics know nothing of a new
-- company, the planner would take this index for the look-up of one record, and scan it whole.
create unique index records_by_place on records (company_id, data_type, connection_id, place)
    where place is not null;

-- Those that end in the place give equal values an order, and skip within the index.
create index record_keys_by_modified on record_keys (company_id, data_type, modified, connection_id, place);
create index record_keys_by_due on record_keys (company_id, data_type, due, connection_id, place);
create index record_keys_by_issued on record_keys (company_id, data_type, issued, connection_id, place);
create index record_keys_by_status on record_keys (company_id, data_type, status);
create index record_keys_by_party on record_keys (company_id, data_type, party) where party is not null;
create index record_keys_by_amount_due on record_keys (company_id, data_type, amount_due) where amount_due is not null;

select key_records(company_id, data_type, connection_id, stored) from record_counts;
