-- Sends one request again and again: PEER_METHOD, PEER_PATH, PEER_HEADERS (one header per line) and PEER_BODY.
-- In the body, {unique} becomes a new text each time, and {user} becomes the numbers from 0 below PEER_USERS in turn.
-- The last line printed is the result as JSON.

local method, path = os.getenv("PEER_METHOD"), os.getenv("PEER_PATH")
local body, users = os.getenv("PEER_BODY") or "", tonumber(os.getenv("PEER_USERS") or "1")
local unique = os.getenv("PEER_UNIQUE") or ""

local headers = {}
for name, value in (os.getenv("PEER_HEADERS") or ""):gmatch("([^:\n]+): ([^\n]+)") do
    headers[name] = value
end

local threads = 0
function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

local count, same = 0, nil
function init()
    if not (body:find("{unique}", 1, true) or body:find("{user}", 1, true)) then
        same = wrk.format(method, path, headers, body ~= "" and body or nil)
    end
end

function request()
    if same then
        return same
    end
    count = count + 1
    local text = body:gsub("{unique}", unique .. "-" .. number .. "-" .. count)
    text = text:gsub("{user}", tostring(count % users))
    return wrk.format(method, path, headers, text)
end

function done(summary)
    local errors = summary.errors
    print(string.format(
        '{"requests":%d,"microseconds":%d,"bytes":%d,"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}',
        summary.requests, summary.duration, summary.bytes,
        errors.status, errors.connect, errors.read, errors.write, errors.timeout
    ))
end
