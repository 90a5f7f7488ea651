"""Units, their phases, processes and history; assembly, verification, serial numbers, batches."""
from datetime import datetime, timezone

from pywats.core.exceptions import NotFoundError, PyWATSError
from pywats.domains.production import ProductionBatch, Unit
from pywats.domains.production.enums import UnitPhaseFlag
from pywats.pywats import SyncServiceWrapper
from pywats.shared import Setting

import raw

PART = "IOP-U1"


def repository(service):
    """The calls of a domain as they go over the wire: not all of them have a method of the service."""
    return SyncServiceWrapper(service._async._repository)


def run(api, c):
    api.product.create_product(PART, name="unit board")
    api.product.create_revision(PART, "A", name="first")
    c.section("units", units, api, c)
    c.section("phases", phases, api, c)
    c.section("changes", changes, api, c)
    c.section("assembly", assembly, api, c)
    c.section("verification", verification, api, c)
    c.section("serial numbers", serial_numbers, api, c)
    c.section("batches", batches, api, c)


def units(api, c):
    saved = api.production.create_units([Unit(serial_number=f"U{i}", part_number=PART, revision="A", batch_number="B1") for i in range(5)])
    c.same("units saved together", sorted(u.serial_number for u in saved), [f"U{i}" for i in range(5)])
    u = api.production.get_unit("U1", PART)
    c.fields("unit", u, serial_number="U1", part_number=PART, revision="A", batch_number="B1", parent_serial_number=None, sub_units=[])
    c.true("unit has a phase", u.unit_phase_id in [int(p) for p in UnitPhaseFlag], u.unit_phase_id)
    u.current_location, u.batch_number = "Shelf 3", "B2"
    u.serial_date = u.product = u.product_revision = None  # the client cannot encode what it has read
    api.production.update_unit(u)
    c.fields("unit after the update", api.production.get_unit("U1", PART), current_location="Shelf 3", batch_number="B2", revision="A")
    api.production.update_unit(Unit(serial_number="U2", part_number=PART, tags=[Setting(key="shift", value="late", change=1)]))
    got = api.production.get_unit("U2", PART)
    c.same("tags of the unit", [(t.key, t.value) for t in got.tags], [("shift", "late")])
    c.fields("members left out of an update stay", got, revision="A", batch_number="B1")
    c.raises("unknown unit is not found", NotFoundError, lambda: api.production.get_unit("U-NONE", PART))
    c.raises("unit of an unknown product is not found", NotFoundError, lambda: api.production.get_unit("U1", "IOP-NONE"))
    c.raises("unit without serial number is refused", PyWATSError, lambda: api.production.create_units([Unit(serial_number="", part_number=PART, revision="A")]))
    c.raises("units of which one is wrong are an error", PyWATSError, lambda: api.production.create_units(
        [Unit(serial_number="U-OK", part_number=PART, revision="A"), Unit(serial_number="x" * 101, part_number=PART, revision="A")]))
    made = api.production.create_unit("U-NEW", PART, "A", batch_number="B3", unit_phase=2)
    c.true("unit made by the internal call", made)
    c.fields("unit made by the internal call, read", api.production.get_unit("U-NEW", PART), revision="A", batch_number="B3", unit_phase_id=2)
    c.raises("unit made twice is refused", PyWATSError, lambda: api.production.create_unit("U-NEW", PART, "A"))
    c.fields("internal unit", repository(api.production).get_unit_by_serial("U-NEW", PART), serialNumber="U-NEW", partNumber=PART)
    c.fields("unit info", api.production.get_unit_info("U-NEW", PART), serialNumber="U-NEW", partNumber=PART, revision="A")
    for name, serial in {"a blank": "U 1", "an apostrophe": "U'1", "letters of all kinds": "U-Ærø-日本"}.items():
        api.production.create_units([Unit(serial_number=serial, part_number=PART, revision="A")])
        c.fields(f"unit whose serial number holds {name}", api.production.get_unit(serial, PART), serial_number=serial)
    c.same("domain is there", api.production.is_connected(), True)


def phases(api, c):
    known = {p.phase_id: p for p in api.production.get_phases()}
    c.same("phases are those of the client", sorted(known), sorted(int(p) for p in UnitPhaseFlag))
    c.same("code of the phase 16", known[16].code, "Finalized")
    c.same("phase by name in any case", api.production.get_phase_id("under production"), 2)
    for phase, number in ((UnitPhaseFlag.FINALIZED, 16), ("Under production", 2), ("Under_Production", 2), (8, 8)):
        c.same(f"phase is set by {phase!r}", api.production.set_unit_phase("U3", PART, phase, comment=f"to {number}"), True)
        c.fields(f"unit after {phase!r}", api.production.get_unit("U3", PART), unit_phase_id=number, unit_phase=known[number].name)
    c.raises("phase that is none is refused", PyWATSError, lambda: api.production.set_unit_phase("U3", PART, 3))
    c.raises("phase of an unknown unit is not found", NotFoundError, lambda: api.production.set_unit_phase("U-NONE", PART, 2))
    c.true("internal phase", repository(api.production).get_unit_phase("U3", PART))
    c.same("process is set", api.production.set_unit_process("U3", PART, 100, comment="to test"), True)
    c.fields("internal process", repository(api.production).get_unit_process("U3", PART), processCode=100)
    c.same("process of the unit", str(api.production.get_unit("U3", PART).process_code), "100")
    c.raises("unknown process is refused", PyWATSError, lambda: api.production.set_unit_process("U3", PART, 31999))
    history = api.production.get_unit_state_history("U3", PART)
    c.true("history holds the changes", len(history) >= 5, history)


def changes(api, c):
    found = api.production.get_unit_changes()
    c.true("changes wait to be acknowledged", found)
    one = api.production.get_unit_changes(serial_number="U3", part_number=PART)
    c.true("changes of one unit", one and all(x.unit_serial_number == "U3" for x in one))
    c.same("top and skip", [x.id for x in api.production.get_unit_changes(top=1, skip=1)], [found[1].id] if len(found) > 1 else [])
    c.same("change is acknowledged", api.production.acknowledge_unit_change(str(one[0].id)), True)
    c.true("and gone", one[0].id not in [x.id for x in api.production.get_unit_changes()])
    c.same("and a second time changes nothing", api.production.acknowledge_unit_change(str(one[0].id)), True)
    c.raises("a change that never was is not found", NotFoundError, lambda: api.production.acknowledge_unit_change("999999"))


def assembly(api, c):
    for number in ("IOP-UB", "IOP-UC", "IOP-UX"):
        api.product.create_product(number)
        api.product.create_revision(number, "A")
    api.product.add_subunit("IOP-UB", "A", "IOP-UC", "A", quantity=2)
    api.production.create_units([Unit(serial_number="BOX", part_number="IOP-UB", revision="A")]
                                + [Unit(serial_number=f"CHILD{i}", part_number="IOP-UC", revision="A") for i in range(4)]
                                + [Unit(serial_number="STRANGER", part_number="IOP-UX", revision="A")])
    c.raises("child that is not finalized is refused", PyWATSError, lambda: api.production.add_child_to_assembly("BOX", "IOP-UB", "CHILD0", "IOP-UC"))
    for serial, part in [(f"CHILD{i}", "IOP-UC") for i in range(4)] + [("STRANGER", "IOP-UX")]:
        api.production.set_unit_phase(serial, part, UnitPhaseFlag.FINALIZED)
    c.same("child is added", api.production.add_child_to_assembly("BOX", "IOP-UB", "CHILD0", "IOP-UC"), True)
    c.fields("child in its parent", api.production.get_unit("CHILD0", "IOP-UC"), parent_serial_number="BOX")
    c.same("children of the parent", [u.serial_number for u in api.production.get_unit("BOX", "IOP-UB").sub_units], ["CHILD0"])
    c.raises("child that has a parent is refused", PyWATSError, lambda: api.production.add_child_to_assembly("BOX", "IOP-UB", "CHILD0", "IOP-UC"))
    c.raises("child that is not in the template is refused", PyWATSError, lambda: api.production.add_child_to_assembly("BOX", "IOP-UB", "STRANGER", "IOP-UX"))
    c.true("check of a box that lacks a child", api.production.verify_assembly("BOX", "IOP-UB", "A"))
    c.true("internal add", api.production.add_child_unit_validated("BOX", "IOP-UB", "CHILD1", "IOP-UC", "IOP-UC", "A"))
    c.same("both children", sorted(u.serial_number for u in api.production.get_unit("BOX", "IOP-UB").sub_units), ["CHILD0", "CHILD1"])
    c.raises("third child of two is refused", PyWATSError, lambda: api.production.add_child_to_assembly("BOX", "IOP-UB", "CHILD2", "IOP-UC"))
    c.true("internal check", api.production.validate_child_units("BOX", "IOP-UB"))
    tree = api.production.get_unit_hierarchy("BOX", "IOP-UB")
    c.same("tree of the box", sorted(u["serialNumber"] for u in tree["subUnits"]), ["CHILD0", "CHILD1"])
    c.true("contents of the box", api.production.get_unit_contents("BOX", "IOP-UB", "A"))
    c.same("child is taken out", api.production.remove_child_from_assembly("BOX", "IOP-UB", "CHILD0", "IOP-UC"), True)
    c.fields("child that was taken out", api.production.get_unit("CHILD0", "IOP-UC"), parent_serial_number=None)
    c.true("internal removal", api.production.remove_child_unit_localized("BOX", "IOP-UB", "CHILD1", "IOP-UC"))
    for serial in ("CHILD2", "CHILD3"):
        api.production.add_child_to_assembly("BOX", "IOP-UB", serial, "IOP-UC")
    c.same("all children are taken out", api.production.remove_all_children_from_assembly("BOX", "IOP-UB"), True)
    c.same("box is empty", api.production.get_unit("BOX", "IOP-UB").sub_units, [])


def verification(api, c):
    api.product.create_product("IOP-UV")
    api.product.create_revision("IOP-UV", "A")

    def test(serial, result):
        r = api.report.create_uut_report(operator="kari", part_number="IOP-UV", revision="A", serial_number=serial, operation_type=100)
        r.result = result
        r.root.add_numeric_step(name="x", value=1.0, status=result)
        api.report.submit(r)

    test("V1", "F")
    test("V1", "P")
    grade = api.production.get_unit_grade("V1", "IOP-UV")
    c.true("grade of a tested unit", grade is not None and grade.status)
    c.true("verification of a tested unit", api.production.verify_unit("V1", "IOP-UV", "A").status)
    c.true("passing is told", isinstance(api.production.is_unit_passing("V1", "IOP-UV"), bool))
    c.raises("verification of an unknown unit is not found", NotFoundError, lambda: api.production.get_unit_grade("V-NONE", "IOP-UV"))


def serial_numbers(api, c):
    raw.call(api, "PUT", "/api/gowats/v1/Production/SerialNumbers/Types", json={"name": "IOP-SN", "description": "for the client", "regEx": "IOP[0-9]{6}", "identifier": 0})
    kinds = [k for k in api.production.get_serial_number_types() if k.name == "IOP-SN"]
    c.same("list has the type once", len(kinds), 1)
    c.fields("type", kinds[0], description="for the client", reg_ex="IOP[0-9]{6}", identifier=0)
    numbers = [f"IOP{i:06}" for i in range(60)]
    c.same("numbers are imported", api.production.import_serial_numbers(("id,serialNumberType\n" + "".join(f"{n},IOP-SN\n" for n in numbers)).encode()), True)
    c.same("count of all", api.production.get_serial_number_count("IOP-SN"), 60)
    first = api.production.take_serial_numbers("IOP-SN", 3, reference_sn="REF-1", reference_pn="REF-P", station_name="ST-1")
    c.true("three are taken, all different, from the pool", len(set(first)) == 3 and set(first) <= set(numbers), first)
    more = api.production.allocate_serial_numbers("IOP-SN", 5)
    c.true("five more are others", len(set(more)) == 5 and not set(more) & set(first), more)
    found = api.production.find_serial_numbers_by_reference("IOP-SN", reference_serial="REF-1", reference_part="REF-P")
    c.same("numbers by reference", len(found), 3)
    c.true("and they are the ones", all(any(n in map(str, row.values()) for row in found) for n in first), found)
    c.same("numbers of a range", len(api.production.find_serial_numbers_in_range("IOP-SN", numbers[10], numbers[19])), 10)
    c.same("internal numbers of a range", len(api.production.find_serial_numbers("IOP-SN", numbers[10], numbers[19])), 10)
    c.true("internal ranges", isinstance(api.production.get_serial_number_ranges("IOP-SN"), list))
    c.true("internal statistics", api.production.get_serial_number_statistics("IOP-SN"))
    exported = api.production.export_serial_numbers("IOP-SN")
    c.true("export has every number", exported is not None and all(n.encode() in exported for n in numbers))
    in_xml = api.production.export_serial_numbers("IOP-SN", format="xml")
    c.true("export in XML", in_xml is not None and in_xml.lstrip(b"\xef\xbb\xbf").startswith(b"<") and numbers[0].encode() in in_xml)
    c.raises("more than there are is refused", PyWATSError, lambda: api.production.take_serial_numbers("IOP-SN", 1000))
    rest = api.production.take_serial_numbers("IOP-SN", 52)
    c.same("all are handed out once", sorted(first + more + rest), numbers)
    c.raises("empty pool is not found", NotFoundError, lambda: api.production.take_serial_numbers("IOP-SN", 1))
    c.raises("unknown type is not found", NotFoundError, lambda: api.production.take_serial_numbers("IOP-NO-TYPE", 1))
    c.raises("number that the type does not allow is refused", PyWATSError, lambda: api.production.import_serial_numbers(b"id,serialNumberType\nXYZ,IOP-SN\n"))
    done = api.production.free_serial_numbers([{"serialNumberType": "IOP-SN", "from": numbers[0], "to": numbers[9]}])
    c.true("range that is not reserved is freed to no effect", done is not None)
    c.raises("taken numbers stay taken", NotFoundError, lambda: api.production.take_serial_numbers("IOP-SN", 1))
    c.known("free numbers are deleted", "the client sends the request without them", lambda: repository(api.production).delete_free_serial_numbers(
        [{"serialNumberType": "IOP-SN", "fromSerialNumber": numbers[0], "toSerialNumber": numbers[1]}]))


def batches(api, c):
    saved = api.production.create_batch(ProductionBatch(batch_number="IOP-B", batch_size=10))
    c.fields("saved batch", saved, batch_number="IOP-B", batch_size=10)
    saved.batch_size = 20
    c.fields("updated batch", api.production.update_batch(saved), batch_number="IOP-B", batch_size=20)
    many = api.production.save_batches([ProductionBatch(batch_number=f"IOP-B{i}", batch_size=i) for i in range(1, 4)])
    c.same("batches saved together", sorted((b.batch_number, b.batch_size) for b in many), [(f"IOP-B{i}", i) for i in range(1, 4)])
    listed = {b.batch_number: b.batch_size for b in api.production.get_batches()}
    c.same("list has them", [listed.get(n) for n in ("IOP-B", "IOP-B1", "IOP-B2", "IOP-B3")], [20, 1, 2, 3])
    c.same("one batch", [b.batch_number for b in api.production.get_batches(batch_id="IOP-B2")], ["IOP-B2"])
    c.raises("batch of less than nothing is refused", PyWATSError, lambda: api.production.create_batch(ProductionBatch(batch_number="IOP-NEG", batch_size=-1)))
    c.true("sites", isinstance(api.production.get_sites(), list))
