from access.test_operations import *
def test_x(world, cases, holders):
    w = holders.without('guanjia.excuse_task')
    b = world.browser(w)
    print(b.get("/s/east/").status_code, b.get("/hq/").status_code, world.browser("hq").get(f"/s/east/guanjia/task/{world.east.one('guanjia.task')}/excuse").status_code)
    print(b.get(f"/s/east/guanjia/task/{world.east.one('guanjia.task')}").status_code)
