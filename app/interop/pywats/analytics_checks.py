"""Figures, histories and lists of reports."""
from datetime import datetime, timedelta, timezone

from pywats.core.exceptions import PyWATSError
from pywats.domains.report import WATSFilter

PART = "IOP-Y"


def run(api, c):
    now = datetime.now(timezone.utc).replace(microsecond=0)
    for i in range(8):
        r = api.report.create_uut_report(operator="kari", part_number=PART, revision="A", serial_number=f"Y{i}", operation_type=100,
                                         station_name="IOP-STATION", location="Oslo", purpose="Interop", start_time=now - timedelta(hours=2, minutes=i))
        r.result = "F" if i % 4 == 0 else "P"
        r.root.add_numeric_step(name="x", value=1.0, status=r.result)
        api.report.submit(r)
    c.section("yield", figures, api, c, now)
    c.section("histories", histories, api, c, now)
    c.section("reference data", reference, api, c)
    c.section("figures that are not there yet", later, api, c)


def figures(api, c, now):
    rows = api.analytics.get_dynamic_yield(WATSFilter(part_number=PART, date_from=now - timedelta(days=1), date_to=now + timedelta(days=1), dimensions="partNumber"))
    c.same("one row for one part", len(rows), 1)
    c.fields("yield", rows[0], part_number=PART, unit_count=8, fp_count=6, fpy=75.0)
    rows = api.analytics.get_dynamic_yield(WATSFilter(part_number=PART, period_count=2, date_grouping="YEAR", dimensions="partNumber;period"))
    c.same("units of the years", sum(r.unit_count for r in rows), 8)
    c.same("no row for another part", api.analytics.get_dynamic_yield(WATSFilter(part_number="IOP-NOTHING", dimensions="partNumber")), [])


def histories(api, c, now):
    history = api.analytics.get_serial_number_history(WATSFilter(serial_number="Y4", part_number=PART))
    c.same("history of a unit", [(h.serial_number, h.part_number) for h in history], [("Y4", PART)])
    tests = api.analytics.get_uut_reports(WATSFilter(part_number=PART, date_from=now - timedelta(days=1), date_to=now + timedelta(days=1), top_count=100))
    c.same("tests by filter", sorted(h.serial_number for h in tests), [f"Y{i}" for i in range(8)])
    c.same("tests by parameters", sorted(h.serial_number for h in api.analytics.get_uut_reports(part_number=PART, top_count=100)), [f"Y{i}" for i in range(8)])
    c.same("top of them", len(api.analytics.get_uut_reports(part_number=PART, top_count=3)), 3)
    failed = api.analytics.get_uut_reports(WATSFilter(part_number=PART, status="Failed", date_from=now - timedelta(days=1), date_to=now + timedelta(days=1)))
    c.same("failed ones", sorted(h.serial_number for h in failed), ["Y0", "Y4"])
    r = api.report.create_uur_report(PART, operator="ola", serial_number="Y0", revision="A", repair_process_code=500, test_operation_code=100)
    api.report.submit(r)
    repairs = api.analytics.get_uur_reports(WATSFilter(part_number=PART, date_from=now - timedelta(days=1), date_to=now + timedelta(days=1)))
    c.same("repairs by filter", [h.uuid for h in repairs], [r.id])


def reference(api, c):
    c.true("levels are told", isinstance(api.analytics.get_levels(), list))
    groups = {g.product_group_name for g in api.analytics.get_product_groups()}
    api.product.create_group("IOP figures")
    c.true("product groups are told", "IOP figures" in {g.product_group_name for g in api.analytics.get_product_groups()} - groups)


def later(api, c):
    f = WATSFilter(part_number=PART)
    for name, call in {
        "volume yield": lambda: api.analytics.get_volume_yield(f), "worst yield": lambda: api.analytics.get_worst_yield(f),
        "repairs": lambda: api.analytics.get_dynamic_repair(f), "failed steps": lambda: api.analytics.get_top_failed(f),
        "steps": lambda: api.analytics.get_test_step_analysis(f), "measurements": lambda: api.analytics.get_measurements(f),
        "equipment effectiveness": lambda: api.analytics.get_oee_analysis(f),
    }.items():
        c.raises(f"{name}: the server says that it cannot", PyWATSError, call, "501")
