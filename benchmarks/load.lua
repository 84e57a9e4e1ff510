-- For wrk: sends the prepared bodies one after the other, over and over, and ends with its figures as one line of JSON.
-- Usage: wrk ... -s load.lua URL -- BODIES, a file with one JSON body a line.

local bodies, sent = {}, 0

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  for line in io.lines(args[1]) do
    -- Formatted once: the client is to take as little of the machine as it can.
    bodies[#bodies + 1] = wrk.format(nil, nil, nil, line)
  end
end

function request()
  sent = sent % #bodies + 1
  return bodies[sent]
end

-- Times are in microseconds. `status` counts answers of 400 and above.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "status": %d, "connect": %d, "read": %d, '
      .. '"write": %d, "timeout": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
