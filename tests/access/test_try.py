import json, time
from uuid import uuid4
from guanjia.api.shapes import bases
API = "anonymous rival west region receptionist technician manager hq manager/read manager/registry.edit".split()
PAGES = "anonymous operator rival west region receptionist technician head manager hq".split()

def code(r, api):
    s = r.status_code
    if s == 401: return "-"
    if s in (301,302,303,308) and "/sign-in" in r.headers.get("Location",""): return "-"
    if s == 404: return "0"
    if s == 403: return "3"
    if s >= 500: return "!"
    return "+"

def test_api(world):
    out = {}
    t = time.time()
    for flow in world.host.flows.values():
        for place, base in bases(flow):
            kind = flow.key
            cid = {"tenants.company": world.plans.acme.company_id, "tenants.role": None}.get(kind) or (world.east.ids.get(kind) or [uuid4()])[0]
            if kind == "tenants.role":
                from tenants.models import Role
                from guanjia.db.session import tenant_session
                from sqlalchemy import select
                with tenant_session(world.plans.acme.company_id) as s:
                    cid = s.scalars(select(Role.id).where(Role.company_id == s.company_id)).first()
            url = base.replace("<uuid:site_id>", str(world.east.site_id))
            for name, m, path, body in [("list","GET",url,None),("read","GET",f"{url}/{cid}",None),("timeline","GET",f"{url}/{cid}/timeline",None),("explain","GET",f"{url}/{cid}/explain",None)]+[
                (s.name,"POST",f"{url}/{s.name}" if s.creates else f"{url}/{cid}/{s.name}",{"nonsense":1}) for s in flow.steps.values() if not s.system_only]:
                pat = ""
                for who in API:
                    r = world.call(m, path, who, **({"json": body} if body else {}))
                    pat += code(r, True)
                    if r.status_code >= 500: print(m, path, who, r.text)
                out.setdefault((place, kind), {}).setdefault(pat, []).append(name)
    print(time.time()-t)
    for k, v in out.items():
        print(k)
        for p, n in v.items(): print("    ", p, " ".join(n))
    print(world.faults.found)
