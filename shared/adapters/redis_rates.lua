-- Spends of a rate, by the server's clock: `spend` of shared/core/rate.py as one command, since a
-- caller's processes meet at one key far too often for compare and set. A test holds the two together.
--
-- KEYS[1] when the whole quota is there again, in microseconds; goes with that time
-- ARGV    microseconds in which a unit grows back, the quota, units needed, units wanted
-- returns {units granted, the new KEYS[1], the server's time}
local time = redis.call('TIME')
local at = time[1] * 1000000 + time[2]
local interval, quota, need, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local before = tonumber(redis.call('GET', KEYS[1]) or at)
local full_at = math.min(math.max(before, at), at + quota * interval)
local available = math.floor((at + quota * interval - full_at) / interval)
local granted = 0
if available >= need then
    granted = math.min(want, available)
    full_at = full_at + granted * interval
end
if granted > 0 or full_at < before then
    redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - at) / 1000))
end
return { granted, full_at, at }
