//! Data of every type, chosen by chance.

use std::process::Command;

use crate::servers::Redis;

/// Fills one database with keys of every type; some of them expire in an hour. ARGV: how many, a seed.
const FILL: &str = r"
math.randomseed(tonumber(ARGV[2]))
local function text() return string.rep(string.char(math.random(32, 255)), math.random(0, 300)) .. math.random(1e9) end
local function size() return math.random(1, math.random() < 0.1 and 600 or 20) end
local kinds = {
  function(key) redis.call('SET', key, text()) end,
  function(key) redis.call('SET', key, math.random(-2e9, 2e9)) end,
  function(key) for _ = 1, size() do redis.call('RPUSH', key, text()) end end,
  function(key) for _ = 1, size() do redis.call('SADD', key, text()) end end,
  function(key) for _ = 1, size() do redis.call('SADD', key, math.random(70000)) end end,
  function(key) for _ = 1, size() do redis.call('ZADD', key, math.random() * 1e6, text()) end end,
  function(key) redis.call('ZADD', key, '-inf', 'a', '+inf', 'b', 0, 'c') end,
  function(key) for _ = 1, size() do redis.call('HSET', key, text(), text()) end end,
  function(key) redis.call('PFADD', key, text(), text()) end,
  function(key) redis.call('GEOADD', key, 13.361389, 38.115556, text()) end,
  function(key)
    for _ = 1, size() do redis.call('XADD', key, '*', 'field', text(), 'other', math.random(9)) end
    redis.call('XGROUP', 'CREATE', key, 'group', '0')
    redis.call('XGROUP', 'CREATE', key, 'idle', '$')
    redis.call('XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', 5, 'STREAMS', key, '>')
    redis.call('XREADGROUP', 'GROUP', 'group', 'other', 'COUNT', 2, 'STREAMS', key, '>')
  end,
}
for n = 1, tonumber(ARGV[1]) do
  local key = text() .. ':' .. n
  kinds[n % #kinds + 1](key)
  if math.random() < 0.2 then redis.call('PEXPIRE', key, 3600000) end
end";

/// Every type, in the databases 0, 3 and 15, with a library of functions.
pub fn fill(server: &Redis, keys: u32, seed: u32) {
    for database in ["0", "3", "15"] {
        let said = server.cli(&["-n", database, "EVAL", FILL, "0", &keys.to_string(), &seed.to_string()]);
        assert_eq!(said, "");
    }
    server.cli(&["FUNCTION", "LOAD", "REPLACE", "#!lua name=shop\nredis.register_function('one', function() return 1 end)"]);
}

/// So many keys of about this size, quickly.
pub fn bulk(server: &Redis, keys: u32, bytes: u32) {
    let script = "for n = 1, tonumber(ARGV[1]) do \
        redis.call('SET', 'bulk:' .. n, string.rep(redis.sha1hex(n), math.ceil(ARGV[2] / 40))) end";
    assert_eq!(server.cli(&["EVAL", script, "0", &keys.to_string(), &bytes.to_string()]), "");
}

/// So many keys that expire all at once.
pub fn passing(server: &Redis, keys: u32, seconds: u32) {
    let script = "for n = 1, tonumber(ARGV[1]) do redis.call('SET', 'session:' .. n, 'x', 'EX', ARGV[2]) end";
    assert_eq!(server.cli(&["EVAL", script, "0", &keys.to_string(), &seconds.to_string()]), "");
}

/// How many keys each database holds, and how many of them expire, as the server counts them.
pub fn counts(server: &Redis) -> Vec<(u32, u64, u64)> {
    let text = server.cli(&["INFO", "keyspace"]);
    let numbers = |line: &str| -> Vec<u64> {
        line.split(|c: char| !c.is_ascii_digit())
            .filter(|digits| !digits.is_empty())
            .map(|digits| digits.parse().unwrap())
            .collect()
    };
    let lines = text.lines().filter(|line| line.starts_with("db")).map(numbers);
    lines.map(|numbers| (numbers[0] as u32, numbers[1], numbers[2])).collect()
}

/// Runs a shell line, and returns what it printed.
pub fn shell(line: &str) -> String {
    let output = Command::new("bash").args(["-o", "pipefail", "-c", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
