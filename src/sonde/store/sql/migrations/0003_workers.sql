-- 3: a limit on the trials that run at once.

ALTER TABLE standing ADD COLUMN workers INTEGER;
