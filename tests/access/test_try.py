import time
from uuid import uuid4
from access.addresses import *
PAGES = "anonymous operator rival west guest region receptionist technician head manager hq".split()
def code(r):
    s = r.status_code
    if s == 401: return "-"
    if s in (301,302,303,308) and r.headers.get("Location","").endswith("/operator/sign-in"): return "~"
    if s in (301,302,303,308) and "/sign-in" in r.headers.get("Location",""): return "-"
    if s == 404: return "0"
    if s == 403: return "3"
    if s >= 500: return "!"
    return "+"
def test_pages(world):
    out={}
    t=time.time()
    for method, rule in sorted(routes(world.app), key=lambda x: (x[1].rule, x[0])):
        if is_api(rule): continue
        ids = first_ids(world.east, session_id=uuid4(), company_id=uuid4())
        url = address(world.app, rule, ids, **({"site_code":"east"} if rule.rule.startswith("/s/") else {}))
        pat=""
        sts=[]
        if rule.rule=="/sign-out": continue
        for who in PAGES:
            b=world.browser(who)
            r = b.get(url) if method=="GET" else b.post(url)
            pat+=code(r); sts.append(r.status_code)
            if r.status_code>=500: print(method,url,who,r.text[-500:])
        nt = world.browser("manager").post(url, token=False).status_code if method=="POST" else ""
        print(f"{pat} {method:4} {rule.rule}   {sts} {nt}")
    print(time.time()-t, world.faults.found)
