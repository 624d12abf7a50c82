-- Every query of the stores in SQL, as SQLite has it. `-- name:` begins one; what follows it says what it is for.

-- name: insert_sweep
-- A new sweep's lasting part; its key is made by the database.
INSERT INTO sweep (id, name, definition, parameters, created, reason, notes, tags, facts)
VALUES (?, ?, ?, ?, ?, '', '', ?, ?);

-- name: insert_standing
-- A new sweep's changing part: revision 0, version 1, no trials.
INSERT INTO standing VALUES (?, ?, 0, 1, 0, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, ?);

-- name: sweep_names
-- What `find_sweep` searches, and what says whether a name is taken; oldest first.
SELECT id, name FROM sweep ORDER BY created, key;

-- name: sweep
-- The lasting part of one sweep, read once and again when its edition was raised.
SELECT key, name, definition, parameters, created, reason, notes, tags, facts
FROM sweep WHERE id = ?;

-- name: standing
-- The changing part of one sweep, read by nearly every call.
SELECT control, revision, version, edition, updated, trials, time_s, workers,
       waiting, running, paused, done, stopped, failed, cancelled
FROM standing WHERE sweep = ?;

-- name: update_standing
-- Written back at the end of each transaction that changed the sweep or a trial.
UPDATE standing
SET control = ?, revision = ?, version = ?, edition = ?, updated = ?, trials = ?,
    time_s = ?, workers = ?, waiting = ?, running = ?, paused = ?, done = ?, stopped = ?, failed = ?,
    cancelled = ?
WHERE sweep = ?;

-- name: update_sweep
-- Notes, tags and the like, with a new edition in `standing`.
UPDATE sweep SET reason = ?, notes = ?, tags = ? WHERE key = ?;

-- name: update_definition
-- What was changed of it after the sweep was made, with a new edition in `standing`.
UPDATE sweep SET definition = ?, parameters = ? WHERE key = ?;

-- name: insert_first_definition
-- The definition that a sweep was made with, as soon as it has a second one.
INSERT INTO definition (sweep, number, first, made, why, definition, parameters)
SELECT key, 1, 0, created, '', definition, parameters FROM sweep WHERE key = ?
ON CONFLICT DO NOTHING;

-- name: insert_definition
-- A further one.
INSERT INTO definition (sweep, number, first, made, why, definition, parameters)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: definitions
-- All of them.
SELECT number, first, made, why, definition FROM definition WHERE sweep = ? ORDER BY number;

-- name: packings
-- By which parameters the params of which trials are packed; nothing for a sweep never edited.
SELECT first, parameters FROM definition WHERE sweep = ? ORDER BY number;

-- name: insert_trial
-- A trial as it is at the end of the transaction that made it, often leased already.
INSERT INTO trial (state, version, attempts, failures, agent, asked, until, reported, outcome,
                   started, finished, error, metrics, carried, facts,
                   key, sweep, origin, created, params)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: update_trial
-- All that can change of a trial.
UPDATE trial
SET state = ?, version = ?, attempts = ?, failures = ?, agent = ?, asked = ?, until = ?,
    reported = ?, outcome = ?, started = ?, finished = ?, error = ?, metrics = ?, carried = ?,
    facts = ?
WHERE key = ?;

-- name: revalue_trial
-- The values that a program turned out to want, which no other change touches.
UPDATE trial SET params = ? WHERE key = ?;

-- name: hold_trial
-- A renewed lease: nothing that the change feed tells.
UPDATE trial SET until = ? WHERE key = ?;

-- name: row
-- One trial, to be changed.
SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
       created, started, finished, error, params, metrics, carried, facts
FROM trial WHERE key = ?;

-- name: rows_waiting
-- Waiting trials of a sweep, lowest number first (by the partial index trial_waiting).
SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
       created, started, finished, error, params, metrics, carried, facts
FROM trial WHERE sweep = ? AND state = 0 ORDER BY key LIMIT ?;

-- name: rows_lapsed
-- The first of the running trials whose lease has ended (by the partial index trial_running): of the
-- others no more is read than that index, for after an outage there may be thousands.
SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
       created, started, finished, error, params, metrics, carried, facts
FROM trial
WHERE key IN (SELECT key FROM trial WHERE sweep = ? AND state = 1 AND until <= ? ORDER BY key LIMIT ?)
ORDER BY key;

-- name: any_lapsed
-- Whether there is one of those: asked without a lock before a lease is tried.
SELECT EXISTS (SELECT 1 FROM trial WHERE sweep = ? AND state = 1 AND until <= ?);

-- name: rows_of_agent
-- The running trials of one agent, for releases.
SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
       created, started, finished, error, params, metrics, carried, facts
FROM trial WHERE sweep = ? AND state = 1 AND agent = ? ORDER BY key;

-- name: rows_running
-- All running trials, for verdicts.
SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
       created, started, finished, error, params, metrics, carried, facts
FROM trial WHERE sweep = ? AND state = 1 ORDER BY key;

-- name: rows_paused
-- All paused trials, to cancel them with their sweep; rare, so it may scan.
SELECT key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
       created, started, finished, error, params, metrics, carried, facts
FROM trial WHERE key BETWEEN ? AND ? AND state = 2 ORDER BY key;

-- name: trials_all
-- Every trial of a sweep, in the order of the table.
SELECT key, state, params, metrics, attempts, failures, agent, asked, origin, created, started,
       finished, error, facts, version
FROM trial WHERE key BETWEEN ? AND ?;

-- name: trials_since
-- The change feed (by the index trial_by_version).
SELECT key, state, params, metrics, attempts, failures, agent, asked, origin, created, started,
       finished, error, facts, version
FROM trial WHERE sweep = ? AND version > ?;

-- name: insert_reports
-- A batch of reports.
INSERT INTO reports (trial, attempt, first, data) VALUES (?, ?, ?, ?);

-- name: attempt_reports
-- The batches of one attempt.
SELECT key, data FROM reports WHERE trial = ? AND attempt = ? ORDER BY first;

-- name: last_reports
-- The last batch of one attempt.
SELECT data FROM reports WHERE trial = ? AND attempt = ? ORDER BY first DESC LIMIT 1;

-- name: earlier_reports
-- The batches of all attempts before one.
SELECT attempt, data FROM reports WHERE trial = ? AND attempt < ? ORDER BY attempt, first;

-- name: trial_reports
-- The batches of one trial.
SELECT trial, attempt, data FROM reports WHERE trial = ? ORDER BY attempt, first;

-- name: sweep_reports
-- The batches of a sweep.
SELECT trial, attempt, data FROM reports WHERE trial BETWEEN ? AND ?
ORDER BY trial, attempt, first;

-- name: replace_reports
-- An ended attempt's batches, merged into the first of them ...
UPDATE reports SET data = ? WHERE key = ?;

-- name: delete_reports
-- ... and the others removed.
DELETE FROM reports WHERE trial = ? AND attempt = ? AND key <> ?;

-- name: insert_blob
-- Bytes under their hash; the same ones again change nothing.
INSERT INTO blob (hash, data) VALUES (?, ?) ON CONFLICT DO NOTHING;

-- name: blob
-- The bytes of a hash.
SELECT data FROM blob WHERE hash = ?;
