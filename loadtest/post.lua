-- wrk: POSTs of BYTES bytes each, as in: wrk -s post.lua URL -- BYTES
function init(args)
   wrk.method = "POST"
   wrk.body = string.rep("x", tonumber(args[1]))
end

dofile(debug.getinfo(1, "S").source:match("^@(.*)post%.lua$") .. "report.lua")
