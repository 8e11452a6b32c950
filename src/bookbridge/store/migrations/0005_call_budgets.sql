-- Vendor call budgets, shared by all processes; see jobs/budgets.py for the promise they keep.
-- A key names one allowance of one vendor (for example vendor, app and tenant). Rows are few and small, and are
-- rewritten with every call: the spare room keeps the rewrites within the page.
create table call_budgets (
    key           text          primary key,
    blocked_until timestamptz   not null default '-infinity', -- the vendor asked for no calls before this
    slots         uuid[]        not null default '{}',        -- calls under way; each a lease
    slots_end_at  timestamptz[] not null default '{}'         -- when each of them expires by itself
) with (fillfactor = 50);

create table call_windows (
    key         text             not null references call_budgets (key) on delete cascade,
    window_s    double precision not null,                      -- length of the window, without our margin
    times       timestamptz[]    not null default '{}',         -- ascending; the newest call of each mark
    counts      integer[]        not null default '{}',         -- calls of each mark: 1, or all of one grain of time
    observed    integer          not null default 0,            -- calls of others, as told by the vendor's own count
    observed_at timestamptz      not null default '-infinity',  -- when the vendor told
    primary key (key, window_s)
) with (fillfactor = 50);

-- The first moment at which one more call keeps the window to `capacity` calls; -infinity = at once.
create function call_slot_at(
    times timestamptz[], counts integer[], capacity integer, kept interval
) returns timestamptz language plpgsql immutable as $$
declare
    excess integer;
begin
    if capacity < 1 then
        return 'infinity';
    end if;
    excess := coalesce((select sum(count) from unnest(counts) as count), 0) - capacity + 1;
    if excess <= 0 then
        return '-infinity';
    end if;
    for i in 1 .. cardinality(counts) loop
        excess := excess - counts[i];
        if excess <= 0 then
            return times[i] + kept;
        end if;
    end loop;
    return 'infinity';
end $$;

-- Reserve one call, now or at most `wait_max_s` from now, in all windows and, when `in_flight_max` is given, in one slot.
-- granted: make the call `wait_s` from now. Not granted: nothing is reserved, and `wait_s` is when to ask again.
create function reserve_call(
    for_key text,
    calls integer[], windows_s double precision[], margin_s double precision, grains_s double precision[],
    observed_kept_s double precision,
    in_flight_max integer, slot uuid, slot_s double precision,
    wait_max_s double precision,
    out granted boolean, out wait_s double precision, out reason text
) language plpgsql as $$
declare
    budget  call_budgets;
    marks   call_windows;
    present timestamptz;
    at      timestamptz;
    slot_at timestamptz;
    kept    interval;
    told_until timestamptz;
    newest  integer;
    pruned  call_windows[] := '{}';
begin
    select * into budget from call_budgets where key = for_key for update;
    if not found then
        insert into call_budgets (key) values (for_key) on conflict do nothing;
        select * into budget from call_budgets where key = for_key for update;
    end if;
    -- Read the clock under the lock, so that reservations are made in the order of their times.
    present := clock_timestamp();
    at := greatest(present, budget.blocked_until);
    reason := case when at > present then 'blocked' else 'rate' end;

    if in_flight_max is not null then
        select coalesce(array_agg(s), '{}'), coalesce(array_agg(e), '{}') into budget.slots, budget.slots_end_at
        from unnest(budget.slots, budget.slots_end_at) as live (s, e) where e > present;
        if cardinality(budget.slots) >= in_flight_max then
            granted := false;
            reason := 'in_flight';
            wait_s := extract(epoch from (select min(e) from unnest(budget.slots_end_at) as e) - present);
            return;
        end if;
    end if;

    for i in 1 .. cardinality(calls) loop
        kept := make_interval(secs => windows_s[i] + margin_s);
        select * into marks from call_windows where key = for_key and window_s = windows_s[i];
        if not found then
            insert into call_windows (key, window_s) values (for_key, windows_s[i]) returning * into marks;
        end if;
        newest := 0;
        while newest < cardinality(marks.times) and marks.times[newest + 1] + kept <= present loop
            newest := newest + 1;
        end loop;
        if newest > 0 then
            marks.times := marks.times[newest + 1:];
            marks.counts := marks.counts[newest + 1:];
        end if;
        told_until := marks.observed_at + make_interval(secs => least(windows_s[i], observed_kept_s));
        if told_until <= present then
            marks.observed := 0;
        end if;
        slot_at := call_slot_at(marks.times, marks.counts, calls[i] - marks.observed, kept);
        if marks.observed > 0 and slot_at > told_until then
            slot_at := greatest(told_until, call_slot_at(marks.times, marks.counts, calls[i], kept));
        end if;
        -- Never before a call that is reserved already: the marks stay in order, and who came first goes first.
        newest := cardinality(marks.times);
        if newest > 0 then
            slot_at := greatest(slot_at, marks.times[newest]);
        end if;
        if slot_at > at then
            at := slot_at;
            reason := 'rate';
        end if;
        pruned := pruned || marks;
    end loop;

    wait_s := greatest(extract(epoch from at - present), 0);
    granted := wait_s <= wait_max_s;
    if not granted then
        return;
    end if;

    for i in 1 .. cardinality(calls) loop
        marks := pruned[i];
        newest := cardinality(marks.times);
        if grains_s[i] > 0 and newest > 0
            and floor(extract(epoch from at) / grains_s[i]) = floor(extract(epoch from marks.times[newest]) / grains_s[i])
        then
            -- A whole grain counts as if made at its newest call: it may leave the window late, never early.
            marks.times[newest] := at;
            marks.counts[newest] := marks.counts[newest] + 1;
        else
            marks.times := marks.times || at;
            marks.counts := marks.counts || 1;
        end if;
        update call_windows set times = marks.times, counts = marks.counts, observed = marks.observed
        where key = for_key and window_s = windows_s[i];
    end loop;
    if in_flight_max is not null then
        update call_budgets
        set slots = budget.slots || slot, slots_end_at = budget.slots_end_at || at + make_interval(secs => slot_s)
        where key = for_key;
    end if;
end $$;

-- A call has ended: free its slot.
create function release_call(for_key text, slot uuid) returns void language plpgsql as $$
begin
    update call_budgets
    set slots        = slots[:array_position(slots, slot) - 1] || slots[array_position(slots, slot) + 1:],
        slots_end_at = slots_end_at[:array_position(slots, slot) - 1] || slots_end_at[array_position(slots, slot) + 1:]
    where key = for_key and slot = any (slots);
end $$;

-- The vendor has told how many calls of a window are left. Calls beyond our own count were made by somebody else.
create function observe_calls(
    for_key text, for_window_s double precision, calls integer, remaining integer, margin_s double precision
) returns void language plpgsql as $$
declare
    present timestamptz;
begin
    insert into call_budgets (key) values (for_key) on conflict do nothing;
    perform from call_budgets where key = for_key for update;
    present := clock_timestamp();
    insert into call_windows (key, window_s) values (for_key, for_window_s) on conflict do nothing;
    update call_windows
    set observed_at = present,
        observed = greatest(0, calls - remaining - coalesce((
            select sum(mark.count) from unnest(times, counts) as mark (at, count)
            where mark.at > present - make_interval(secs => for_window_s + margin_s)), 0))
    where key = for_key and window_s = for_window_s;
end $$;
