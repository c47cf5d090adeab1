-- Holds a lease for longer, counted by the server's clock, if it is still held.
--
-- KEYS[1] the leases; KEYS[2] the job
-- ARGV[1] the lease's member: <job id>/<attempt>
-- ARGV[2] how much longer, in microseconds
-- returns {1 or 0: whether it was held, the job as stored}
--
-- ZREM before ZADD, so that a full server (maxmemory) still lets running jobs live.
local held = redis.call('ZREM', KEYS[1], ARGV[1])
if held == 1 then
    local time = redis.call('TIME')
    redis.call('ZADD', KEYS[1], string.format('%.0f', time[1] * 1000000 + time[2] + ARGV[2]), ARGV[1])
end
return { held, redis.call('GET', KEYS[2]) }
