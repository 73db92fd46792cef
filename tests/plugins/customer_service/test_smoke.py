def test_smoke(east):
    d = east.person("receptionist").takes("customer_service.request.receive", household_id=str(east.household()), category="pipe_leak", content="漏水", within_capability="yes")
    print(d)
    east.company.settle()
