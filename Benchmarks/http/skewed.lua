-- For wrk: requests many URLs like the visitors of a site, a few often and most rarely. Of COUNT targets (PREFIX with a
-- number from 0), it requests the one at COUNT * u^3 for a uniform u.
--   wrk ... -s skewed.lua URL -- COUNT PREFIX SEED
local threads = 0

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

function init(args)
   count = tonumber(args[1])
   local prefix = args[2]
   math.randomseed(tonumber(args[3]) * 1000 + number)
   requests = {}
   for k = 0, count - 1 do
      requests[k] = wrk.format("GET", prefix .. k .. ".jpg")
   end
end

function request()
   local u = math.random()
   return requests[math.floor(count * u * u * u)]
end
