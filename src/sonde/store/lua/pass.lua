-- Give a turn back without having written, unless another one is in use by now.
--
-- KEYS: the sweep's head. ARGV: the turn.
if redis.call('HGET', KEYS[1], 'turn') == ARGV[1] and redis.call('LLEN', KEYS[1] .. ':turn') == 0 then
  redis.call('RPUSH', KEYS[1] .. ':turn', ARGV[1])
end
