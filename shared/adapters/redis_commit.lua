-- Compare and set: runs a list of commands if one value is still what the caller read.
-- It knows no job and no rule; what to write is decided by the caller.
--
-- KEYS    the keys that are compared; then every other key that is written
-- ARGV[1] 'is': KEYS[1] must hold ARGV[2]; 'absent': the first ARGV[2] keys must not exist; 'any': no condition
-- ARGV[2] the expected value, or a number
-- ARGV[3] JSON array of commands: [name, index of its key in KEYS, further arguments...]
-- returns {1} if the commands ran, {0} if not, with what KEYS[1] holds when it was compared
--
-- A full server (maxmemory) refuses a script at its first command that needs memory, and none after
-- its first write. So the order of the commands decides what a full server still takes; it
-- never takes a part.
if ARGV[1] == 'is' then
    local stored = redis.call('GET', KEYS[1])
    if stored ~= ARGV[2] then
        return { 0, stored }
    end
elseif ARGV[1] == 'absent' then
    for i = 1, tonumber(ARGV[2]) do
        if redis.call('EXISTS', KEYS[i]) == 1 then
            return { 0 }
        end
    end
end
for _, command in ipairs(cjson.decode(ARGV[3])) do
    redis.call(command[1], KEYS[command[2]], unpack(command, 3))
end
return { 1 }
