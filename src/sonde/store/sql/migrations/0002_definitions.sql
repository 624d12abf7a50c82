-- 2: versions of a sweep's definition.

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
