-- The whole schema of a sonde store in PostgreSQL, as the migrations build it.
-- Times are microseconds since the epoch, UTC. Packed values are MessagePack, written and
-- read by sonde/store/packing.py. What JSON is kept as text: nothing is asked of its inside.

-- Which layout this is: how many migrations are behind it.
CREATE TABLE layout (
    version bigint NOT NULL
);

-- What of a sweep rarely changes.
CREATE TABLE sweep (
    key        bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,  -- small, so that a trial's key is too
    id         text   NOT NULL UNIQUE,
    name       text   NOT NULL UNIQUE,
    definition text   NOT NULL,          -- JSON: sonde.core.sweep.sweep_to_json
    parameters text   NOT NULL,          -- JSON: names, in the order in which params are packed
    created    bigint NOT NULL,
    reason     text   NOT NULL,
    notes      text   NOT NULL,
    tags       text   NOT NULL,          -- JSON
    facts      text   NOT NULL           -- JSON
);

-- What of a sweep changes with nearly every transaction. Who writes to a sweep locks its row.
-- There is room in its page for the versions of the row that follow each other.
CREATE TABLE standing (
    sweep     bigint PRIMARY KEY REFERENCES sweep (key),
    control   text   NOT NULL,
    revision  bigint NOT NULL,
    version   bigint NOT NULL,
    edition   bigint NOT NULL,           -- raised when the row in `sweep` changes
    updated   bigint NOT NULL,
    trials    bigint,                    -- the budget; NULL: none
    time_s    double precision,
    waiting   bigint NOT NULL,           -- how many trials are in each state
    running   bigint NOT NULL,
    paused    bigint NOT NULL,
    done      bigint NOT NULL,
    stopped   bigint NOT NULL,
    failed    bigint NOT NULL,
    cancelled bigint NOT NULL,
    workers   bigint                     -- so many trials at once; NULL: as many as can be
) WITH (fillfactor = 10);

CREATE TABLE trial (
    key      bigint PRIMARY KEY,         -- sweep * 2^32 + number
    sweep    bigint NOT NULL,
    state    bigint NOT NULL,            -- 0 waiting 1 running 2 paused 3 done 4 stopped 5 failed 6 cancelled
    version  bigint NOT NULL,
    attempts bigint NOT NULL,
    failures bigint NOT NULL,
    agent    text,
    asked    bigint NOT NULL,            -- 0 go on 1 stop 2 cancel
    until    bigint,                     -- when its lease lapses; NULL unless running
    reported bigint NOT NULL,            -- number of the last report of the present attempt
    outcome  bigint,                     -- digest of what ended the last attempt
    origin   text,                       -- NULL: method
    created  bigint NOT NULL,
    started  bigint,
    finished bigint,
    error    text,
    params   bytea  NOT NULL,            -- packed: an array, or a map where some are inactive
    metrics  bytea,                      -- packed: name -> summary of the joined curve
    carried  bytea,                      -- packed: metrics that only earlier attempts reported
    facts    bytea                       -- packed
);

-- The change feed.
CREATE INDEX trial_by_version ON trial (sweep, version);

-- Whom to lease next: lowest number first.
CREATE INDEX trial_waiting ON trial (sweep, key) WHERE state = 0;

-- Whose lease lapsed.
CREATE INDEX trial_running ON trial (sweep, until) WHERE state = 1;

-- Reports in packed batches; one row an attempt once it has ended.
CREATE TABLE reports (
    key     bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    trial   bigint NOT NULL,             -- trial.key
    attempt bigint NOT NULL,
    first   bigint NOT NULL,             -- number of the first report in the batch
    data    bytea  NOT NULL
);
CREATE UNIQUE INDEX reports_by_trial ON reports (trial, attempt, first);

CREATE TABLE blob (
    hash bytea PRIMARY KEY,              -- SHA-256 of the data
    data bytea NOT NULL
);

-- The versions of definitions of sweeps that were edited; of others there is only the one in `sweep`.
CREATE TABLE definition (
    sweep      bigint NOT NULL REFERENCES sweep (key),
    number     bigint NOT NULL,
    first      bigint NOT NULL,          -- number of the first trial that could be added under it
    made       bigint NOT NULL,
    why        text   NOT NULL,
    definition text   NOT NULL,          -- as in `sweep`, which has the last one
    parameters text   NOT NULL,
    PRIMARY KEY (sweep, number)
);

-- The last transaction of each connection: what it wrote is there if its token is, so that one
-- whose answer was lost is not done twice. While a transaction is open its row is locked.
CREATE TABLE receipt (
    writer bigint PRIMARY KEY,           -- a connection, by a number drawn at random
    token  bigint NOT NULL,
    used   timestamptz NOT NULL
) WITH (fillfactor = 10);
