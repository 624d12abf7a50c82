-- Read of one sweep what is wanted, all in one state.
--
-- KEYS: the sweep's head. ARGV: what is wanted, in MessagePack:
--   tx        the state that is meant; another one ends the reading (false: whatever it is)
--   edition   the lasting part that is known already
--   numbers   trials
--   waiting   so many waiting trials, lowest number first
--   lapsed    running trials whose lease ended by this time, in microseconds
--   states    indices of which all trials are wanted: waiting, running, paused
--   after     trials changed after this version
--   live      trials whose unsealed batches of reports are wanted
--   sealed    trials whose sealed reports are wanted
-- Returns nil if there is no such sweep, its `tx` alone in another state, or
--   tx, turn, standing, lasting, and a list for each of the last seven.
local head = KEYS[1]
local want = cmsgpack.unpack(ARGV[1])
local found = redis.call('HMGET', head, 'tx', 'turn', 'standing', 'edition')
if not found[1] then return nil end
if want.tx and want.tx ~= found[1] then return {found[1]} end

local lasting = {}
if want.edition ~= found[4] then
  lasting = redis.call('HMGET', head, 'edition', 'made', 'definition', 'said')
  lasting[5] = redis.call('LRANGE', head .. ':definitions', 0, -1)
end

local function many(command, key, fields)
  local all = {}
  for at = 1, #fields, 4000 do  -- as many as Lua's stack can hold
    local some = redis.call(command, key, unpack(fields, at, math.min(at + 3999, #fields)))
    for i = 1, #some do all[#all + 1] = some[i] end
  end
  return all
end

local function rows(numbers) return many('HMGET', head .. ':trials', numbers) end

local waiting, lapsed, states, after, live = {}, {}, {}, {}, {}
if want.waiting > 0 then
  waiting = rows(redis.call('ZRANGE', head .. ':waiting', 0, want.waiting - 1))
end
if want.lapsed then
  lapsed = rows(redis.call('ZRANGEBYSCORE', head .. ':running', '-inf', want.lapsed))
end
for _, state in ipairs(want.states) do
  local some = rows(redis.call('ZRANGE', head .. ':' .. state, 0, -1))
  for i = 1, #some do states[#states + 1] = some[i] end
end
if want.after then
  after = rows(redis.call('ZRANGEBYSCORE', head .. ':versions', '(' .. want.after, '+inf'))
end
for at, number in ipairs(want.live) do
  live[at] = redis.call('LRANGE', head .. ':live:' .. number, 0, -1)
end
return {
  found[1], found[2], found[3], lasting,
  rows(want.numbers), waiting, lapsed, states, after, live,
  many('HMGET', head .. ':reports', want.sealed),
}
