-- What wrk prints of a run is rounded: this prints it exactly, and ends a run after so many requests if it is told to.

local budget = tonumber(os.getenv("WRK_REQUESTS"))
local connections = tonumber(os.getenv("WRK_CONNECTIONS"))
-- Longer than any run, in ms.
local for_ever = 3600000

if budget then
   local asked, idle = 0, 0

   -- Called on each connection before each request. All answers are whole when each connection has found nothing left.
   function delay()
      if asked < budget then
         asked = asked + 1
         return 0
      end
      idle = idle + 1
      if idle == connections then
         io.write("all answered\n")
         io.flush()
         wrk.thread:stop()
      end
      return for_ever
   end
end

function done(summary)
   local errors = summary.errors
   io.write(string.format(
      '{"requests":%.0f,"bytes":%.0f,"duration_us":%.0f,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
      summary.requests, summary.bytes, summary.duration,
      errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
