-- Take a turn that was not given back: whoever had it was killed, or is very slow.
--
-- KEYS: the sweep's head. ARGV: the turn that went missing, and the one to be.
-- Returns whether it was taken: another one may have been first.
if redis.call('HGET', KEYS[1], 'turn') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'turn', ARGV[2])
redis.call('DEL', KEYS[1] .. ':turn')
return 1
