import probe
def test_x(probed):
    east=probed.site("east")
    d=east.person("receptionist").takes("probe.parcel.take",weight_g=5)
    print(d)
    assert d.number=="P-2026-001"
