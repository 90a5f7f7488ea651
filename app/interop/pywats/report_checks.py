"""Reports: submit, read back member by member, query, attachments, repairs, refusals."""
import io
import uuid
import zipfile
from datetime import datetime, timedelta, timezone

from pywats.core.exceptions import NotFoundError, PyWATSError
from pywats.domains.report.report_models import Attachment
from pywats.shared.enums import CompOp

import raw

PART, STATION, PROCESS = "IOP-1000", "IOP-STATION", 100
START = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=timezone(timedelta(hours=2)))


def run(api, c):
    report = c.section("a full test report", full_report, api, c)
    if report is not None:
        c.section("headers", headers, api, c, report)
        c.section("the report in XML", in_xml, api, c, report)
        c.section("attachments and certificate", files, api, c, report)
        c.section("a repair", repair, api, c, report)
    c.section("edge values", edges, api, c)
    c.section("many headers", many, api, c)
    c.section("refusals", refusals, api, c)


def new_report(api, serial, start=START):
    return api.report.create_uut_report(
        operator="kari", part_number=PART, revision="B", serial_number=serial, operation_type=PROCESS,
        station_name=STATION, location="Oslo", purpose="Interop", start_time=start)


def full_report(api, c):
    r = new_report(api, "IOP-1")
    r.result = "F"
    r.info.comment = "first line\nsecond line, æøå and \"quotes\""
    r.info.exec_time = 12.345
    r.info.fixture_id = "FIX-7"
    r.info.socket_index = 3
    r.info.batch_number = "BATCH-9"
    r.info.error_code = 42
    r.info.error_message = "voltage too low"
    r.add_misc_info("Lot", "L-17")
    r.add_misc_info("Empty", "")
    r.add_asset("DMM-1", 2)
    r.add_sub_unit("PCBA", "SUB-1", "IOP-2000", "C")
    root = r.get_root_sequence_call()
    root.add_numeric_step(name="voltage", value=3.3, unit="V", comp_op=CompOp.GELE, low_limit=3.0, high_limit=3.6, status="P")
    root.add_numeric_step(name="current", value=0.9, unit="A", comp_op=CompOp.LT, low_limit=0.5, status="F",
                          error_code=7, error_message="too much", report_text="see log", tot_time=0.25)
    many = root.add_multi_numeric_step(name="rails", status="P")
    many.add_measurement(name="5V", value=5.01, unit="V", comp_op=CompOp.GTLT, low_limit=4.9, high_limit=5.1, status="P")
    many.add_measurement(name="12V", value=12.5, unit="V", status="P")
    root.add_string_step(name="firmware", value="1.2.3", comp_op=CompOp.IGNORECASE, limit="1.2.3", status="P")
    texts = root.add_multi_string_step(name="labels", status="P")
    texts.add_measurement(name="top", value="A", comp_op=CompOp.EQ, limit="A", status="P")
    texts.add_measurement(name="bottom", value="B", comp_op=CompOp.LOG, status="P")
    root.add_boolean_step(name="led", status="P")
    flags = root.add_multi_boolean_step(name="leds", status="P")
    flags.add_measurement(name="red", status="P")
    flags.add_measurement(name="green", status="P")
    inner = root.add_sequence_call("inner", file_name="inner.seq", path="C:/t/inner.seq", version="2.0.1", group="C", status="S")
    inner.add_generic_step(step_type="NI_Wait", name="pause", status="D")
    inner.add_numeric_step(name="deep", value=-1e-9, unit="F", status="P")
    root.add_chart_step("sweep", chart_type="Line", label="Sweep", x_label="f", x_unit="Hz", y_label="U", y_unit="V",
                        series=[{"name": "s1", "dataType": "XYG", "xdata": "1;2;3", "ydata": "1.5;2.5;3.5"}])
    c.same("submit tells the identifier", str(api.report.submit(r)).lower(), str(r.id))

    back = api.report.get_report(str(r.id))
    c.fields("report", back, id=r.id, type="T", pn=PART, sn="IOP-1", rev="B", process_code=PROCESS, result="F",
             station_name=STATION, location="Oslo", purpose="Interop", start=START)
    c.fields("report info", back.info, operator="kari", comment=r.info.comment, exec_time=12.345, fixture_id="FIX-7",
             socket_index=3, batch_number="BATCH-9", error_code=42, error_message="voltage too low")
    c.same("misc infos", [(m.description, m.string_value or "") for m in back.misc_infos], [("Lot", "L-17"), ("Empty", "")])
    c.same("assets", [(a.sn, a.usage_count) for a in back.assets], [("DMM-1", 2)])
    c.same("sub-units", [(u.part_type, u.sn, u.pn, u.rev) for u in back.sub_units], [("PCBA", "SUB-1", "IOP-2000", "C")])
    compare_steps(c, "root", r.root, back.root)
    c.same("submitting again tells the same", str(api.report.submit(r)).lower(), str(r.id))
    return r


# What a step must keep. Members that the server fills in (id, caused_uut_failure and so on) are not compared.
STEP = ("step_type", "name", "group", "status", "error_code", "error_message", "report_text", "tot_time")
NUMERIC = ("name", "value", "unit", "comp_op", "low_limit", "high_limit", "status")


def compare_steps(c, path, sent, got):
    for field in STEP:
        c.same(f"step {path}: {field}", getattr(got, field), getattr(sent, field))
    for one in ("measurement", "measurements"):
        was, now = getattr(sent, one, None), getattr(got, one, None)
        if was is None:
            continue
        was, now = ([was], [now]) if one == "measurement" else (list(was), list(now or []))
        c.same(f"step {path}: number of {one}", len(now), len(was))
        for i, (a, b) in enumerate(zip(was, now)):
            for field in (*NUMERIC, "limit"):
                if hasattr(a, field):
                    c.same(f"step {path}: {one} {i}: {field}", getattr(b, field, None), getattr(a, field))
    if getattr(sent, "chart", None) is not None:
        a, b = sent.chart, got.chart
        c.fields(f"step {path}: chart", b, chart_type=a.chart_type, label=a.label, x_label=a.x_label, x_unit=a.x_unit,
                 y_label=a.y_label, y_unit=a.y_unit)
        c.same(f"step {path}: series", [(s.name, s.x_data, s.y_data) for s in b.series], [(s.name, s.x_data, s.y_data) for s in a.series])
    if getattr(sent, "sequence", None) is not None:
        c.fields(f"step {path}: sequence", got.sequence, path=sent.sequence.path, file_name=sent.sequence.file_name, version=sent.sequence.version)
    was, now = list(getattr(sent, "steps", None) or []), list(getattr(got, "steps", None) or [])
    c.same(f"step {path}: number of steps", len(now), len(was))
    for i, (a, b) in enumerate(zip(was, now)):
        compare_steps(c, f"{path}.{i}", a, b)


def headers(api, c, r):
    found = api.report.get_headers_by_serial("IOP-1")
    c.same("headers by serial number", len(found), 1)
    c.fields("header", found[0], uuid=r.id, serial_number="IOP-1", part_number=PART, revision="B", batch_number="BATCH-9",
             report_type="T", station_name=STATION, location="Oslo", purpose="Interop", process_code=PROCESS,
             start_utc=START, operator="kari", comment=r.info.comment, execution_time=12.345, test_socket_index=3,
             fixture_id="FIX-7", error_code=42, error_message="voltage too low", run=1)
    c.true("header: result", found[0].result in ("F", "Failed"), found[0].result)
    c.same("headers by part number", [h.serial_number for h in api.report.get_headers_by_part_number(PART)], ["IOP-1"])
    c.same("headers by sub-unit part number", [h.uuid for h in api.report.query_headers_by_subunit_part_number("IOP-2000")], [r.id])
    c.same("headers by sub-unit serial number", [h.uuid for h in api.report.query_headers_by_subunit_serial("SUB-1")], [r.id])
    c.same("headers by another sub-unit", api.report.query_headers_by_subunit_serial("SUB-2"), [])
    c.same("headers by misc info", [h.uuid for h in api.report.query_headers_by_misc_info("Lot", "L-17")], [r.id])
    c.same("headers by another misc info", api.report.query_headers_by_misc_info("Lot", "L-18"), [])
    utc, minute = START.astimezone(timezone.utc), timedelta(minutes=1)  # the client writes Z behind whatever it is given
    c.same("headers of a period", [h.uuid for h in api.report.get_headers_by_date_range(utc - minute, utc + minute)], [r.id])
    c.same("headers of the period after it", api.report.get_headers_by_date_range(utc + minute, utc + 2 * minute), [])
    whole = api.report.query_uut_headers(expand=["subUnits", "miscInfo", "assets"], odata_filter="serialNumber eq 'IOP-1'")[0]
    c.same("header: sub-units", [(u.part_type, u.serial_number, u.part_number, u.revision) for u in whole.sub_units], [("PCBA", "SUB-1", "IOP-2000", "C")])
    c.same("header: misc infos", sorted((m.description, m.value or "") for m in whole.misc_info), [("Empty", ""), ("Lot", "L-17")])
    c.same("header: assets", [a.serial_number for a in whole.assets], ["DMM-1"])
    c.same("headers with sub-units", len(api.report.query_headers_with_subunits(odata_filter=f"partNumber eq '{PART}'")[0].sub_units), 1)
    c.same("no headers of repairs yet", api.report.query_uur_headers(odata_filter=f"partNumber eq '{PART}'"), [])
    for text in ("result eq 'Failed'", "result eq 'F'", "not (result eq 'Passed')", "contains(serialNumber,'OP-') and processCode eq 100",
                 "startswith(partNumber,'IOP') and start ge 2026-03-04T03:06:07Z", "serialNumber in ('IOP-1','x')", "tolower(stationName) eq 'iop-station'"):
        c.same(f"headers where {text}", [h.uuid for h in api.report.query_headers(odata_filter=f"({text}) and partNumber eq '{PART}'")], [r.id])
    c.raises("filter by an unknown member is refused", PyWATSError, lambda: api.report.query_headers(odata_filter="colour eq 'red'"), "colour")
    c.raises("half a filter is refused", PyWATSError, lambda: api.report.query_headers(odata_filter="serialNumber eq"))
    c.raises("unknown expansion is refused", PyWATSError, lambda: api.report.query_headers(expand=["nothing"]), "nothing")


def in_xml(api, c, r):
    xml = api.report.get_report_xml(str(r.id))
    c.true("XML holds the report", xml is not None and str(r.id).encode() in xml.lower() and b"IOP-1" in xml)
    text = xml.decode("utf-8-sig")
    again = api.report.submit_report_xml(text)
    c.true("XML is taken back", str(r.id) in str(again).lower(), again)
    back = api.report.get_report(str(r.id))
    c.fields("report that came as XML", back, sn="IOP-1", pn=PART, result="F")
    c.same("report that came as XML: steps", len(back.root.steps), len(r.root.steps))
    c.raises("half a document is refused", PyWATSError, lambda: api.report.submit_report_xml(text[: len(text) // 2]))
    c.raises("XML with an entity of its own is refused", PyWATSError, lambda: api.report.submit_report_xml(
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]>' + text.partition("?>")[2]))


def files(api, c, r):
    content = bytes(range(256)) * 10
    f = new_report(api, "IOP-FILES")
    f.root.add_numeric_step(name="one", value=1.0, status="P")
    f.root.add_attachment(Attachment.from_bytes("picture.bin", content, "application/x-picture"))
    c.true("report with a file is taken", api.report.submit(f))
    back = api.report.get_report(str(f.id))
    c.fields("file in the report", back.root.attachment, name="picture.bin", content_type="application/x-picture", data=f.root.attachment.data)
    archive = zipfile.ZipFile(io.BytesIO(api.report.get_all_attachments(str(f.id))))
    c.same("file in the archive", [archive.read(n) for n in archive.namelist()], [content])
    header = raw.call(api, "GET", "/api/Report/Query/Header",
                      params={"reportType": "U", "$expand": "attachments", "$filter": "serialNumber eq 'IOP-FILES'"}).json()[0]
    described = header["attachments"][0]  # the client does not read them
    c.fields("file in the header", described, fileName="picture.bin", mimeType="application/x-picture", size=len(content))
    c.same("file by its identifier", api.report.get_attachment(attachment_id=str(described["attachmentId"])), content)
    c.raises("file by an unknown identifier is not found", NotFoundError, lambda: api.report.get_attachment(attachment_id="999999999"))
    c.true("certificate is a page", b"IOP-FILES" in api.report.get_certificate(str(f.id)))
    unknown = str(uuid.uuid4())
    c.raises("archive of an unknown report is not found", NotFoundError, lambda: api.report.get_all_attachments(unknown))
    c.raises("certificate of an unknown report is not found", NotFoundError, lambda: api.report.get_certificate(unknown))


def repair(api, c, test):
    c.defect("repair made from a test with sub-units keeps the main unit", "the client gives all units index 0",
             api.report.create_uur_report(test, operator="ola").get_main_unit().sn, test.sn)
    r = api.report.create_uur_report(test.id, PROCESS, operator="ola", part_number=PART, serial_number="IOP-1", revision="B",
                                     repair_process_code=500, comment="resoldered", station_name="REPAIR-1", location="Bergen", purpose="Repair")
    r.add_misc_info("Bench", "4")
    category, code = "Component", "Defective Component"
    r.add_failure(category=category, code=code, comment="C12 was cracked", component_ref="C12", ref_step_id=3)
    r.attach_bytes("photo.jpg", b"\xff\xd8photo", "image/jpeg")
    c.same("submitting a repair tells the identifier", str(api.report.submit(r)).lower(), str(r.id))
    back = api.report.get_report(str(r.id))
    c.fields("repair", back, id=r.id, type="R", pn=PART, sn="IOP-1", rev="B", process_code=500, station_name="REPAIR-1",
             location="Bergen", purpose="Repair")
    c.fields("repair info", back.info, operator="ola", comment="resoldered", ref_uut=test.id, process_code=PROCESS)
    main = back.get_main_unit()
    c.fields("repair main unit", main, pn=PART, sn="IOP-1", idx=0)
    c.same("repair failures", len(main.failures or []), 1)
    c.fields("failure", main.failures[0], category=category, code=code, comment="C12 was cracked", com_ref="C12", ref_step_id=3)
    c.same("repair misc infos", [(m.description, m.string_value) for m in back.misc_infos], [("Bench", "4")])
    found = api.report.query_uur_headers(odata_filter=f"partNumber eq '{PART}'")
    c.same("headers of repairs", [h.uuid for h in found], [r.id])
    c.fields("header of the repair", found[0], report_type="R", process_code=500, referenced_uut=test.id, serial_number="IOP-1")
    tested = api.report.get_report(str(test.id))
    c.same("test names its repairs", [u.id for u in tested.info.referenced_by_uurs or []], [r.id])
    wrong = api.report.create_uur_report(test.id, PROCESS, operator="ola", part_number=PART, serial_number="IOP-1", repair_process_code=500)
    wrong.add_failure(category="No such category", code="No such code")
    c.raises("unknown fail code is refused", Exception, lambda: api.report.submit(wrong), "must be a valid value")


def edges(api, c):
    for name, value in {"a large number": 1.7976931348623157e308, "a small number": 5e-324, "minus nothing": -0.0, "many digits": 0.1 + 0.2,
                        "no number": "NaN", "infinity": "Infinity", "minus infinity": "-Infinity"}.items():
        r = new_report(api, f"IOP-{name.replace(' ', '-')}")
        r.root.add_numeric_step(name="x", value=value, status="P")
        api.report.submit(r)
        c.same(f"{name} comes back", str(api.report.get_report(str(r.id)).root.steps[0].measurement.value), str(value))
    for name, serial in {"percent and hash": "50%#1", "an apostrophe": "O'Hara", "letters of all kinds": "Ærø-日本-🙂", "blanks inside": "a b  c"}.items():
        r = new_report(api, "x")
        r.sn = serial if "%" not in serial else "50#1"
        r.root.add_numeric_step(name="x", value=1.0, status="P")
        api.report.submit(r)
        c.same(f"serial number with {name} comes back", api.report.get_report(str(r.id)).sn, r.sn)
        quoted = r.sn.replace("'", "''")
        c.same(f"serial number with {name} is found", [h.uuid for h in api.report.query_headers(odata_filter=f"serialNumber eq '{quoted}'")], [r.id])
    c.raises("apostrophe that is not doubled is refused", PyWATSError, lambda: api.report.get_headers_by_serial("O'Hara"))
    long = new_report(api, "IOP-LONG")
    long.info.comment = "x" * 5000
    long.root.add_string_step(name="n" * 100, value="v" * 100, status="P")
    api.report.submit(long)
    back = api.report.get_report(str(long.id))
    c.same("long comment comes back", len(back.info.comment), 5000)
    c.same("long name comes back", back.root.steps[0].name, "n" * 100)
    utc = new_report(api, "IOP-UTC", datetime(2026, 1, 1, tzinfo=timezone.utc))
    utc.root.add_numeric_step(name="x", value=1.0, status="P")
    api.report.submit(utc)
    c.same("start in UTC comes back", api.report.get_report(str(utc.id)).start, datetime(2026, 1, 1, tzinfo=timezone.utc))


def many(api, c):
    first = datetime(2026, 5, 1, tzinfo=timezone.utc)
    sent = []
    for i in range(60):
        r = new_report(api, f"IOP-M{i:03}", first + timedelta(minutes=i))
        r.result = "F" if i % 3 == 0 else "P"
        r.root.add_numeric_step(name="x", value=float(i), status=r.result)
        api.report.submit(r)
        sent.append(r)
    where = "startswith(serialNumber,'IOP-M')"
    pages = [api.report.query_headers(odata_filter=where, top=25, skip=at, orderby="start asc") for at in (0, 25, 50, 75)]
    c.same("pages are full but the last", [len(p) for p in pages], [25, 25, 10, 0])
    c.same("pages hold each report once, in order", [h.uuid for p in pages for h in p], [r.id for r in sent])
    c.same("newest first", [h.uuid for h in api.report.query_headers(odata_filter=where, orderby="start desc", top=2)], [sent[59].id, sent[58].id])
    c.same("failed ones", len(api.report.query_headers(odata_filter=f"{where} and result eq 'Failed'")), 20)
    c.same("without top all come", len(api.report.query_headers(odata_filter=where)), 60)


def refusals(api, c):
    c.raises("unknown report is not found", NotFoundError, lambda: api.report.get_report(str(uuid.uuid4())))
    c.raises("identifier that is none is refused", PyWATSError, lambda: api.report.get_report("no-guid"))
    c.raises("empty report is refused", ValueError, lambda: api.report.submit({}), "400")
    r = new_report(api, "IOP-BAD")
    r.root.add_numeric_step(name="x", value=1.0, status="P")
    for name, change, word in (
            ("without serial number", {"sn": ""}, "sn"),
            ("without part number", {"pn": None}, "pn"),
            ("with a long serial number", {"sn": "x" * 101}, "sn"),
            ("with an unknown result", {"result": "X"}, "result"),
            ("with a process that is no number", {"processCode": "ten"}, "processCode"),
            ("with a start that is no time", {"start": "yesterday"}, "start"),
    ):
        body = r.model_dump(mode="json", by_alias=True, exclude_none=True)
        body.update(change)
        c.raises(f"report {name} is refused", ValueError, lambda b=body: api.report.submit(b), word)
    c.raises("none of the refused was stored", NotFoundError, lambda: api.report.get_report(str(r.id)))
