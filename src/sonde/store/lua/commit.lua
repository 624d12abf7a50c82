-- Apply a transaction whole, if the sweep is still in the state that was read.
--
-- KEYS: the sweep's head, the mark of whoever writes, the stamp, the names.
-- ARGV: the state that was read ('' for a sweep to be made), the state to be, the turn that is
-- held ('' for none), seconds that the mark is kept, the name to be taken ('' for none), and
-- the commands, each behind the number of its words.
-- Returns 1 if it was applied, now or before; 0 in another state; -1 if the name is taken.
local head, mark = KEYS[1], KEYS[2]
local done = redis.call('GET', mark) == ARGV[2]  -- the answer to the first time was lost
if not done then
  if (redis.call('HGET', head, 'tx') or '') ~= ARGV[1] then return 0 end
  if ARGV[5] ~= '' and redis.call('HEXISTS', KEYS[4], ARGV[5]) == 1 then return -1 end
  -- The first command is one that a full memory refuses: after it, none is.
  redis.call('HSET', head, 'tx', ARGV[2])
  local at = 6
  while at <= #ARGV do
    local last = at + tonumber(ARGV[at])
    redis.call(unpack(ARGV, at + 1, last))
    at = last + 1
  end
  redis.call('SET', mark, ARGV[2], 'EX', ARGV[4])
  redis.call('INCR', KEYS[3])
end
if ARGV[3] ~= '' and redis.call('HGET', head, 'turn') == ARGV[3] then
  if redis.call('LLEN', head .. ':turn') == 0 then redis.call('RPUSH', head .. ':turn', ARGV[3]) end
end
return 1
