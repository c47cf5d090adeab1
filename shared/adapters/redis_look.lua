-- Reads at one instant, with the server's time.
--
-- KEYS    every key that is read
-- ARGV[1] JSON array of commands: [name, index of its key in KEYS, further arguments...]
-- returns TIME's reply, then each command's reply
local replies = { redis.call('TIME') }
for i, command in ipairs(cjson.decode(ARGV[1])) do
    replies[i + 1] = redis.call(command[1], KEYS[command[2]], unpack(command, 3))
end
return replies
