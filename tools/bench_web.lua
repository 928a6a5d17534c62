-- Requests for wrk from a file, a line each in turn: PATH, BODY and X-Forwarded-For with tabs between.
-- wrk … -s bench_web.lua URL -- FILE METHOD ENCODING

local lines, at, method, headers = {}, 0, "GET", {}

function init(args)
   for line in io.lines(args[1]) do
      lines[#lines + 1] = line
   end
   method = args[2]
   headers["Content-Type"] = "application/x-www-form-urlencoded"
   headers["Accept-Encoding"] = args[3]
end

function request()
   at = at % #lines + 1
   local path, body, from = lines[at]:match("^([^\t]*)\t([^\t]*)\t([^\t]*)$")
   headers["X-Forwarded-For"] = from ~= "" and from or nil
   return wrk.format(method, path, headers, method == "POST" and body or nil)
end

function done(summary, latency, requests)
   local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.timeout
   io.write(string.format("\nfound %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
      latency:percentile(99), failed))
end
