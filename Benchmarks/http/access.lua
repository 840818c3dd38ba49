-- For wrk: one GET of URL with a credential.
--   wrk ... -s access.lua URL -- [TOKEN]
function init(args)
   if args[1] then
      wrk.headers["Authorization"] = "Bearer " .. args[1]
   end
end
