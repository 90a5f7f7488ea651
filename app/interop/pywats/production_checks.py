"""Units, their phases, processes and history."""
from datetime import datetime, timezone

from pywats.core.exceptions import NotFoundError, PyWATSError
from pywats.domains.production import Unit
from pywats.domains.production.enums import UnitPhaseFlag
from pywats.pywats import SyncServiceWrapper
from pywats.shared import Setting

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
