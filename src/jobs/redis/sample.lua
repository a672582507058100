-- Digests values and tells them line by line: the digest, when the key expires (ms), the key in hex.
-- ARGV: how many keys to choose by chance, then keys in hex. It leaves out what is large: the server waits while it runs.
local BYTES, ELEMENTS = 131072, 1000
local spent, lines = 0, {}

local function hex(text) return (text:gsub('.', function(c) return string.format('%02x', c:byte()) end)) end
local function text(hex) return (hex:gsub('..', function(c) return string.char(tonumber(c, 16)) end)) end
local function join(all) for n, one in ipairs(all) do all[n] = #one .. ':' .. one end return table.concat(all) end

-- What has no order gets one: that of its parts' digests, in which every locale agrees.
local function unordered(all, width)
  local digests = {}
  for n = 1, #all, width do digests[#digests + 1] = redis.sha1hex(join({unpack(all, n, n + width - 1)})) end
  table.sort(digests)
  return digests
end

-- Fields that expire by themselves make a hash unfit: it changes without being written.
local function is_steady(key, flat)
  local fields = {}
  for n = 1, #flat, 2 do fields[#fields + 1] = flat[n] end
  local times = redis.pcall('HPEXPIRETIME', key, 'FIELDS', #fields, unpack(fields))
  if times.err then return true end
  for _, time in ipairs(times) do if time >= 0 then return false end end
  return true
end

local read = {
  string = {'STRLEN', function(key) return {redis.call('GET', key)} end},
  list = {'LLEN', function(key) return redis.call('LRANGE', key, 0, -1) end},
  set = {'SCARD', function(key) return unordered(redis.call('SMEMBERS', key), 1) end},
  zset = {'ZCARD', function(key) return unordered(redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'), 2) end},
  hash = {'HLEN', function(key)
    local flat = redis.call('HGETALL', key)
    return is_steady(key, flat) and unordered(flat, 2) or nil
  end},
  stream = {'XLEN', function(key)
    local all = {}
    for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
      all[#all + 1] = join({entry[1], join(entry[2])})
    end
    return all
  end},
}

local function digest(key)
  local kind = redis.call('TYPE', key).ok
  local way = read[kind]
  if not way or #key > 512 then return end
  local size = redis.call(way[1], key)
  local bytes = kind == 'string' and size or redis.pcall('MEMORY', 'USAGE', key)
  if type(bytes) ~= 'number' or bytes > BYTES or kind ~= 'string' and size > ELEMENTS then return end
  spent = spent + bytes
  local all = way[2](key)
  if not all then return end
  local time = redis.call('PEXPIRETIME', key)
  lines[#lines + 1] = redis.sha1hex(kind .. join(all)) .. ' ' .. string.format('%.0f', time) .. ' ' .. hex(key)
end

for _ = 1, tonumber(ARGV[1]) do
  if spent > 4 * BYTES then break end
  local key = redis.call('RANDOMKEY')
  if key then digest(key) end
end
for n = 2, #ARGV do digest(text(ARGV[n])) end
return table.concat(lines, '\n')
