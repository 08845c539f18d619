-- wrk: DEPTH requests in each write, as in: wrk -s pipeline.lua URL -- DEPTH
local burst

function init(args)
   burst = string.rep(wrk.format(), tonumber(args[1]))
end

function request()
   return burst
end

-- wrk takes only one script, so the report is loaded from this one's folder
dofile(debug.getinfo(1, "S").source:match("^@(.*)pipeline%.lua$") .. "report.lua")
