from tests.quality.report_night import CODE, DROP, a_night


def brief(items):
    return [(i.level, i.department, i.extract, [p.code for p in i.places], i.count) for i in items]


def test_what_holds_a_region_comes_first_and_each_thing_once():
    assert brief(a_night().owed) == [
        ("blocks", "labor", "insured_units", ["220500"], None),
        ("blocks", "tax", "premium_payments", ["220500"], None),
        ("blocks", "tax", "premium_payments", ["620100"], None),
        ("blocks", "development", "exclusion_list", ["220500"], None),
        ("blocks", "policy", None, ["990100"], None),
        ("rows", "tax", "premium_payments", ["610100", "230200"], 41),
        ("rows", "development", "exclusion_list", ["220500"], 1),
        ("notice", "tax", "premium_payments", ["610100"], 2_502),
    ]


def test_a_stopped_delivery_beside_a_stand_in_is_a_notice():
    notices = [i for i in a_night(held=[]).owed_by("tax") if i.level == "notice" and i.count is None]
    assert [(i.places[0].code, i.trouble.rule_id) for i in notices] == [
        ("220500", "delivery.encoding"),
        ("620100", DROP),
    ]


def test_quarantined_rows_lead_to_their_rule():
    rows = next(i for i in a_night().owed_by("tax") if i.level == "rows")
    assert rows.anchor == f"rule-{CODE}"
    assert rows.what.zh == "统一社会信用代码有效"


def test_one_cause_of_many_regions_is_one_item():
    night = a_night()
    causes = [i for i in night.owed if i.level == "blocks"]
    assert sum(len(i.places) for i in causes) == sum(len(r.causes) for r in night.held)


def test_orphans_below_one_percent_are_not_owed():
    assert all("230200" not in [p.code for p in i.places] for i in a_night().owed if i.level == "notice")
