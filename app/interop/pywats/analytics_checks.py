"""Figures, histories and lists of reports."""
from datetime import datetime, timedelta, timezone

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


def figures(api, c, now):
    rows = api.analytics.get_dynamic_yield(WATSFilter(part_number=PART, date_from=now - timedelta(days=1), date_to=now + timedelta(days=1), dimensions="partNumber"))
    c.same("one row for one part", len(rows), 1)
    c.fields("yield", rows[0], part_number=PART, unit_count=8, fp_count=6, fpy=75.0)
    rows = api.analytics.get_dynamic_yield(WATSFilter(part_number=PART, period_count=2, date_grouping="YEAR", dimensions="partNumber;period"))
    c.same("units of the years", sum(r.unit_count for r in rows), 8)
    c.same("no row for another part", api.analytics.get_dynamic_yield(WATSFilter(part_number="IOP-NOTHING", dimensions="partNumber")), [])
