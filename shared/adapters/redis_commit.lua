-- Compare and set: runs a list of commands if nobody changed what the caller decided upon.
-- It knows no job and no rule; what to write is decided by the caller.
--
-- KEYS    the keys of the conditions, then every other key that is written
-- ARGV[1] JSON array of conditions: ['is', index in KEYS, the value that must stand there],
--         ['absent', index in KEYS], ['member', index in KEYS, a member that the ZSET must have],
--         ['below' or 'reaches', index in KEYS, a number that the ZSET must have fewer members than, or as many],
--         ['first', index in KEYS, the member that must be the ZSET's first, its score]
-- ARGV[2] JSON array of commands: [name, index of its key in KEYS, further arguments...]; an argument that is a
--         number n stands for the reply of the command n places before
-- returns {1} if the commands ran, {0} if not, with what KEYS[1] held if it was compared
--
-- A full server (maxmemory) refuses a script at its first command that needs memory, and none after
-- its first write. So the order of the commands decides what a full server still takes; it
-- never takes a part.
local function holds(what, key, wanted, score)
    if what == 'is' then
        return redis.call('GET', key) == wanted
    elseif what == 'absent' then
        return redis.call('EXISTS', key) == 0
    elseif what == 'member' then
        return redis.call('ZSCORE', key, wanted) ~= false
    elseif what == 'first' then
        local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
        return first[1] == wanted and first[2] == score
    elseif what == 'reaches' then
        return redis.call('ZCARD', key) >= wanted
    end
    return redis.call('ZCARD', key) < wanted
end
local conditions = cjson.decode(ARGV[1])
for _, condition in ipairs(conditions) do
    if not holds(condition[1], KEYS[condition[2]], condition[3], condition[4]) then
        return { 0, conditions[1][1] == 'is' and redis.call('GET', KEYS[1]) }
    end
end
local replies = {}
for i, command in ipairs(cjson.decode(ARGV[2])) do
    for j = 3, #command do
        if type(command[j]) == 'number' then
            command[j] = replies[i - command[j]]
        end
    end
    replies[i] = redis.call(command[1], KEYS[command[2]], unpack(command, 3))
end
return { 1 }
