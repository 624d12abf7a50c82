-- What the PostgreSQL store asks beside, or otherwise than, `../queries.sql`.

-- name: locked_standing
-- The changing part of one sweep, by whoever is about to write to it: others wait.
SELECT control, revision, version, edition, updated, trials, time_s, workers,
       waiting, running, paused, done, stopped, failed, cancelled
FROM standing WHERE sweep = ? FOR UPDATE;

-- name: signed_standing
-- The same, with the receipt of this transaction, that its connection's row is locked for.
WITH signed AS (
    INSERT INTO receipt AS of_mine (writer, token, used) VALUES (?, ?, now())
    ON CONFLICT (writer) DO UPDATE SET token = excluded.token, used = excluded.used
)
SELECT control, revision, version, edition, updated, trials, time_s, workers,
       waiting, running, paused, done, stopped, failed, cancelled
FROM standing WHERE sweep = ? FOR UPDATE;

-- name: rows_foreseen
-- What a transaction will want: trials by key, those whose lease lapsed, those to lease next.
SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
       created, started, finished, error, params, metrics, carried, facts
FROM trial WHERE key = ANY (?)
UNION ALL
SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
       created, started, finished, error, params, metrics, carried, facts
FROM trial WHERE sweep = ? AND state = 1 AND until <= ?
UNION ALL
(SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
        created, started, finished, error, params, metrics, carried, facts
 FROM trial WHERE sweep = ? AND state = 0 ORDER BY key LIMIT ?);

-- name: rows_known
-- Trials by key alone, where nothing is to be leased.
SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
       created, started, finished, error, params, metrics, carried, facts
FROM trial WHERE key = ANY (?);

-- name: receipt
-- Whether a transaction was kept: waits for it if it is still at work.
SELECT token FROM receipt WHERE writer = ? FOR UPDATE;

-- name: forget_receipt
-- A connection that is closed will not be asked about.
DELETE FROM receipt WHERE writer = ?;

-- name: forget_receipts
-- Those of connections that were never closed, a day after.
DELETE FROM receipt WHERE writer IN (
    SELECT writer FROM receipt WHERE used < now() - interval '1 day' FOR UPDATE SKIP LOCKED
);

-- name: settle
-- On the disk with all that was kept before, by this or any other connection: a small record
-- of its own is written durably, and a log has one end only.
SELECT set_config('synchronous_commit', ?, true),
       pg_logical_emit_message(true, 'sonde', ''::text);

-- name: is_unsettled
-- Whether anything has been kept that is not on the disk yet.
SELECT pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn();

-- name: stamp
-- What differs after any change of any sweep.
SELECT count(*), coalesce(sum(version), 0)::bigint FROM standing;

-- name: lock_layout
-- One at a time makes the layout, or a sweep (whose name must be nobody else's).
SELECT pg_advisory_xact_lock(1936682596, hashtext(current_schema()));
