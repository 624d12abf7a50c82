-- The whole schema of a sonde store in SQLite, as the migrations build it.
-- Times are microseconds since the epoch, UTC. Packed values are MessagePack, written and
-- read by sonde/store/packing.py.

-- What of a sweep rarely changes.
CREATE TABLE sweep (
    key        INTEGER PRIMARY KEY,      -- small, so that a trial's key is too
    id         TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL UNIQUE,
    definition TEXT    NOT NULL,         -- JSON: sonde.core.sweep.sweep_to_json
    parameters TEXT    NOT NULL,         -- JSON: names, in the order in which params are packed
    created    INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    notes      TEXT    NOT NULL,
    tags       TEXT    NOT NULL,         -- JSON
    facts      TEXT    NOT NULL          -- JSON
);

-- What of a sweep changes with nearly every transaction, kept apart to write little.
CREATE TABLE standing (
    sweep     INTEGER PRIMARY KEY REFERENCES sweep (key),
    control   TEXT    NOT NULL,
    revision  INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    edition   INTEGER NOT NULL,          -- raised when the row in `sweep` changes
    updated   INTEGER NOT NULL,
    trials    INTEGER,                   -- the budget; NULL: none
    time_s    REAL,
    waiting   INTEGER NOT NULL,          -- how many trials are in each state
    running   INTEGER NOT NULL,
    paused    INTEGER NOT NULL,
    done      INTEGER NOT NULL,
    stopped   INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    workers   INTEGER                    -- how many trials run at once at most; NULL: no limit
);

CREATE TABLE trial (
    key      INTEGER PRIMARY KEY,        -- sweep * 2^32 + number
    sweep    INTEGER NOT NULL,
    state    INTEGER NOT NULL,           -- 0 waiting 1 running 2 paused 3 done 4 stopped 5 failed 6 cancelled
    version  INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    agent    TEXT,
    asked    INTEGER NOT NULL,           -- 0 go on 1 stop 2 cancel
    until    INTEGER,                    -- when its lease lapses; NULL unless running
    reported INTEGER NOT NULL,           -- number of the last report of the present attempt
    outcome  INTEGER,                    -- digest of what ended the last attempt
    origin   TEXT,                       -- NULL: method
    created  INTEGER NOT NULL,
    started  INTEGER,
    finished INTEGER,
    error    TEXT,
    params   BLOB    NOT NULL,           -- packed: an array, or a map where some are inactive
    metrics  BLOB,                       -- packed: name -> summary of the joined curve
    carried  BLOB,                       -- packed: metrics that only earlier attempts reported
    facts    BLOB                        -- packed
);

-- The change feed.
CREATE INDEX trial_by_version ON trial (sweep, version);

-- Whom to lease next: lowest number first, as the key does.
CREATE INDEX trial_waiting ON trial (sweep) WHERE state = 0;

-- Whose lease lapsed.
CREATE INDEX trial_running ON trial (sweep, until) WHERE state = 1;

-- Reports in packed batches; one row an attempt once it has ended.
CREATE TABLE reports (
    key     INTEGER PRIMARY KEY,
    trial   INTEGER NOT NULL,            -- trial.key
    attempt INTEGER NOT NULL,
    first   INTEGER NOT NULL,            -- number of the first report in the batch
    data    BLOB    NOT NULL
);
CREATE UNIQUE INDEX reports_by_trial ON reports (trial, attempt, first);

CREATE TABLE blob (
    hash BLOB PRIMARY KEY,               -- SHA-256 of the data
    data BLOB NOT NULL
);

-- The versions of definitions of sweeps that were edited; of others there is only the one in `sweep`.
CREATE TABLE definition (
    sweep      INTEGER NOT NULL REFERENCES sweep (key),
    number     INTEGER NOT NULL,
    first      INTEGER NOT NULL,         -- number of the first trial that could be added under it
    made       INTEGER NOT NULL,
    why        TEXT    NOT NULL,
    definition TEXT    NOT NULL,         -- as in `sweep`, which has the last one
    parameters TEXT    NOT NULL,
    PRIMARY KEY (sweep, number)
) WITHOUT ROWID;
