-- Return the sweep's state, and the unsealed batches of reports, as numbers and lists in turn; nil
-- without the sweep.
--
-- KEYS: the sweep's head. ARGV: the trials, in MessagePack; nil: all that run.
local tx = redis.call('HGET', KEYS[1], 'tx')
if not tx then return nil end
local numbers = cmsgpack.unpack(ARGV[1]) or redis.call('ZRANGE', KEYS[1] .. ':running', 0, -1)
local found = {}
for _, number in ipairs(numbers) do
  local batches = redis.call('LRANGE', KEYS[1] .. ':live:' .. number, 0, -1)
  if #batches > 0 then
    found[#found + 1] = number
    found[#found + 1] = batches
  end
end
return {tx, found}
