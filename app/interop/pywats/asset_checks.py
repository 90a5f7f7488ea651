"""Equipment: types, assets, state, counts, calibration, maintenance, sub-assets, log, messages, files."""
from datetime import datetime, timedelta, timezone

from pywats.core.exceptions import NotFoundError, PyWATSError
from pywats.domains.asset import Asset, AssetType
from pywats.domains.asset.enums import AssetLogType, AssetState
from pywats.pywats import SyncServiceWrapper
from pywats.shared import Setting

import raw


def run(api, c):
    kind = c.section("types", types, api, c)
    if kind is None:
        return
    c.section("assets", assets, api, c, kind)
    c.section("lists", lists, api, c, kind)
    c.section("state", state, api, c, kind)
    c.section("counts", counts, api, c, kind)
    c.section("calibration and maintenance", dates, api, c)
    c.section("sub-assets", tree, api, c, kind)
    c.section("log and messages", log, api, c, kind)
    c.section("files", files, api, c, kind)
    c.section("reports use assets", used, api, c, kind)


def types(api, c):
    made = api.asset.create_asset_type("IOP multimeter", running_count_limit=5, total_count_limit=100, calibration_interval=30.0,
                                       maintenance_interval=10.0, warning_threshold=60.0, alarm_threshold=100.0)
    want = dict(type_name="IOP multimeter", running_count_limit=5, total_count_limit=100, calibration_interval=30.0, maintenance_interval=10.0,
                warning_threshold=60.0, alarm_threshold=100.0, is_readonly=False)
    c.fields("created type", made, **want)
    c.true("created type has an identity", made.type_id)
    found = [t for t in api.asset.get_asset_types() if t.type_id == made.type_id]
    c.same("list has the type once", len(found), 1)
    c.fields("type in the list", found[0], **want)
    c.known("type is updated", "the client cannot encode the identity of a type", lambda: SyncServiceWrapper(api.asset._async._repository).save_type(made))
    changed = raw.call(api, "PUT", "/api/Asset/Types", json={"typeId": str(made.type_id), "typeName": "IOP multimeter", "icon": "dmm"}).json()
    c.fields("updated type", changed, icon="dmm", runningCountLimit=5)
    c.raises("type without a name is refused", PyWATSError, lambda: SyncServiceWrapper(api.asset._async._repository).save_type(AssetType(type_name="")), "typeName")
    return made.type_id


def assets(api, c, kind):
    made = api.asset.create_asset("IOP-A1", kind, asset_name="DMM 1", description="on the bench, æøå", location="Oslo", part_number="34401A", revision="B")
    want = dict(serial_number="IOP-A1", type_id=kind, asset_name="DMM 1", description="on the bench, æøå", location="Oslo", part_number="34401A",
                revision="B", state=AssetState.IN_OPERATION)
    c.fields("created asset", made, **want)
    c.true("created asset has an identity", made.asset_id)
    c.fields("asset by serial number", api.asset.get_asset_by_serial("IOP-A1"), asset_id=made.asset_id, **want)
    got = api.asset.get_asset(asset_id=made.asset_id)
    c.fields("asset by its identity", got, asset_id=made.asset_id, total_count=0, running_count=0, **want)
    got.asset_name, got.location = "DMM one", "Bergen"
    got.tags = [Setting(key="owner", value="lab", change=1)]
    c.fields("updated asset", api.asset.update_asset(got), asset_name="DMM one", location="Bergen", description="on the bench, æøå")
    back = api.asset.get_asset(serial_number="IOP-A1")
    c.fields("asset after the update", back, asset_name="DMM one", location="Bergen")
    c.same("tags of the asset", [(t.key, t.value) for t in back.tags], [("owner", "lab")])
    c.raises("unknown asset is not found", NotFoundError, lambda: api.asset.get_asset_by_serial("IOP-NONE"))
    c.raises("asset of an unknown type is refused", PyWATSError, lambda: api.asset.create_asset("IOP-A2", made.asset_id))
    c.raises("asset without serial number is refused", PyWATSError,
             lambda: SyncServiceWrapper(api.asset._async._repository).save(Asset(serial_number="", type_id=kind)), "serialNumber")
    api.asset.create_asset("IOP-DEL", kind)
    c.same("deleted asset", api.asset.delete_asset(serial_number="IOP-DEL"), True)
    c.raises("deleted asset is not found", NotFoundError, lambda: api.asset.get_asset_by_serial("IOP-DEL"))


def lists(api, c, kind):
    for i in range(12):
        api.asset.create_asset(f"IOP-L{i:02}", kind, asset_name=f"probe {i}", location="Lab" if i % 2 else "Line")
    where = "startswith(serialNumber,'IOP-L')"
    c.same("filtered", len(api.asset.get_assets(filter_str=where)), 12)
    c.same("filtered and sorted", [a.serial_number for a in api.asset.get_assets(filter_str=f"{where} and location eq 'Lab'", orderby="serialNumber desc")],
           [f"IOP-L{i:02}" for i in (11, 9, 7, 5, 3, 1)])
    c.same("pages", [[a.serial_number for a in api.asset.get_assets(filter_str=where, orderby="serialNumber", top=5, skip=at)] for at in (0, 5, 10)],
           [[f"IOP-L{i:02}" for i in range(at, min(at + 5, 12))] for at in (0, 5, 10)])
    c.raises("filter by an unknown member is refused", PyWATSError, lambda: api.asset.get_assets(filter_str="colour eq 'red'"), "colour")


def state(api, c, kind):
    a = api.asset.create_asset("IOP-STATE", kind)
    for s in (AssetState.IN_TRANSIT, AssetState.IN_MAINTENANCE, AssetState.SCRAPPED, AssetState.IN_OPERATION):
        c.same(f"state is set to {s.name}", api.asset.set_asset_state(s, serial_number="IOP-STATE"), True)
        c.same(f"state {s.name} comes back", api.asset.get_asset_state(a.asset_id), s)
    c.raises("state that is none is refused", PyWATSError, lambda: api.asset.set_asset_state(99, serial_number="IOP-STATE"))
    c.raises("state of an unknown asset is not found", NotFoundError, lambda: api.asset.set_asset_state(AssetState.IN_STORAGE, serial_number="IOP-NONE"))


def counts(api, c, kind):
    api.asset.create_asset("IOP-COUNT", kind)

    def now():
        a = api.asset.get_asset_by_serial("IOP-COUNT")
        return a.running_count, a.total_count

    def alarm():
        return api.asset.get_status(serial_number="IOP-COUNT")["alarmState"]

    c.same("counts at first", now(), (0, 0))
    c.same("count goes up by 2", api.asset.increment_count(serial_number="IOP-COUNT", amount=2), True)
    c.same("counts after 2", now(), (2, 2))
    c.same("no alarm yet", alarm(), 0)
    api.asset.increment_count(serial_number="IOP-COUNT")
    c.same("warning at 60 percent of the limit", alarm(), 1)
    api.asset.increment_count(serial_number="IOP-COUNT", amount=2)
    c.same("alarm at the limit", alarm(), 2)
    c.fields("status", api.asset.get_status(serial_number="IOP-COUNT"), runningCount=5, totalCount=5)
    c.same("running count is reset", api.asset.reset_running_count(serial_number="IOP-COUNT", comment="cleaned"), True)
    c.same("counts after the reset", now(), (0, 5))
    c.same("no alarm after the reset", alarm(), 0)
    c.same("running count is set", api.asset.set_running_count(3, serial_number="IOP-COUNT"), True)
    c.same("total count is set", api.asset.set_total_count(50, serial_number="IOP-COUNT"), True)
    c.same("counts as set", now(), (3, 50))
    c.raises("negative count is refused", PyWATSError, lambda: api.asset.set_running_count(-1, serial_number="IOP-COUNT"))
    c.raises("count of an unknown asset is not found", NotFoundError, lambda: api.asset.increment_count(serial_number="IOP-NONE"))


def dates(api, c):
    kind = api.asset.create_asset_type("IOP dated", calibration_interval=30.0, maintenance_interval=10.0, warning_threshold=90.0, alarm_threshold=100.0).type_id
    api.asset.create_asset("IOP-CAL", kind)
    when = datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone.utc)

    def read():
        return api.asset.get_asset_by_serial("IOP-CAL")

    c.same("calibration is recorded", api.asset.record_calibration(serial_number="IOP-CAL", date_time=when, comment="by the book"), True)
    c.fields("asset after the calibration", read(), last_calibration_date=when, next_calibration_date=when + timedelta(days=30))
    c.same("maintenance is recorded", api.asset.record_maintenance(serial_number="IOP-CAL", date_time=when), True)
    c.fields("asset after the maintenance", read(), last_maintenance_date=when, next_maintenance_date=when + timedelta(days=10))
    c.same("calibration without a date is now", api.asset.record_calibration(serial_number="IOP-CAL"), True)
    c.true("and it is later than the one before", read().last_calibration_date > when)
    outside = api.asset.create_asset_type("IOP external", calibration_interval=-2, maintenance_interval=-2).type_id
    api.asset.create_asset("IOP-EXT", outside)
    until = when + timedelta(days=365)
    c.same("external calibration is recorded", api.asset.record_calibration_external(serial_number="IOP-EXT", from_date=when, to_date=until, comment="lab"), True)
    c.same("external maintenance is recorded", api.asset.record_maintenance_external(serial_number="IOP-EXT", from_date=when, to_date=until), True)
    c.fields("asset after both", api.asset.get_asset_by_serial("IOP-EXT"), last_calibration_date=when, next_calibration_date=until,
             last_maintenance_date=when, next_maintenance_date=until)
    c.raises("dates out of order are refused", PyWATSError,
             lambda: api.asset.record_calibration_external(serial_number="IOP-EXT", from_date=until, to_date=when))


def tree(api, c, kind):
    rack = api.asset.create_asset("IOP-RACK", kind)
    api.asset.create_asset("IOP-SLOT", kind, parent_asset_id=rack.asset_id)
    api.asset.create_asset("IOP-CARD", kind, parent_serial_number="IOP-SLOT")
    c.fields("child by the parent's identity", api.asset.get_asset_by_serial("IOP-SLOT"), parent_serial_number="IOP-RACK", parent_asset_id=rack.asset_id)
    c.fields("child by the parent's serial number", api.asset.get_asset_by_serial("IOP-CARD"), parent_serial_number="IOP-SLOT")
    c.same("children", [a.serial_number for a in api.asset.get_child_assets(parent_serial="IOP-RACK", level=1)], ["IOP-SLOT"])
    c.same("the whole tree", sorted(a.serial_number for a in api.asset.get_child_assets(parent_id=rack.asset_id, level=0)), ["IOP-CARD", "IOP-SLOT"])
    api.asset.increment_count(serial_number="IOP-RACK", increment_children=True)
    c.same("counts of the tree", [api.asset.get_asset_by_serial(s).total_count for s in ("IOP-RACK", "IOP-SLOT")], [1, 1])
    c.raises("ring of assets is refused", PyWATSError,
             lambda: SyncServiceWrapper(api.asset._async._repository).save(Asset(serial_number="IOP-RACK", type_id=kind, parent_serial_number="IOP-CARD")))
    c.raises("asset with children is not deleted", PyWATSError, lambda: api.asset.delete_asset(serial_number="IOP-RACK"))


def log(api, c, kind):
    a = api.asset.create_asset("IOP-LOG", kind)
    c.same("message is taken", api.asset.add_log_message(a.asset_id, "needs a new probe", user="kari"), True)
    api.asset.set_asset_state(AssetState.IN_STORAGE, serial_number="IOP-LOG")
    found = api.asset.get_asset_log(filter_str="serialNumber eq 'IOP-LOG'", orderby="date desc", top=10)
    kinds = {e.log_type for e in found}
    c.true("log tells it was registered, told of, and moved", {AssetLogType.REGISTER, AssetLogType.MESSAGE, AssetLogType.STATE_CHANGE} <= kinds, kinds)
    message = [e for e in found if e.log_type == AssetLogType.MESSAGE]
    c.same("message in the log", [e.comment for e in message], ["needs a new probe"])
    c.true("entries are told newest first", [e.date for e in found] == sorted((e.date for e in found), reverse=True))


def files(api, c, kind):
    a = api.asset.create_asset("IOP-FILE", kind)
    text = b"calibrated by kari\n"
    c.same("file is taken", api.asset.upload_file(a.asset_id, "certificate.txt", text), True)
    c.same("files of the asset", api.asset.list_files(a.asset_id), ["certificate.txt"])
    c.defect("file comes back", "the client decodes what it has downloaded", api.asset.download_file(a.asset_id, "certificate.txt"), text)
    c.same("file comes back byte by byte", raw.call(api, "GET", "/api/internal/Blob/Asset", params={"assetId": a.asset_id, "filename": "certificate.txt"}).content, text)
    c.known("files are deleted", "the client sends the request without their names", lambda: api.asset.delete_files(a.asset_id, ["certificate.txt"]))
    c.raises("unknown file is not found", NotFoundError, lambda: api.asset.download_file(a.asset_id, "other.txt"))
    c.raises("name that leaves the folder is refused", PyWATSError, lambda: api.asset.upload_file(a.asset_id, "../x.txt", text))


def used(api, c, kind):
    api.asset.create_asset("IOP-USED", kind)
    r = api.report.create_uut_report(operator="kari", part_number="IOP-USER", revision="B", serial_number="IOP-ASSET", operation_type=100)
    r.add_asset("IOP-USED", 2)
    r.root.add_numeric_step(name="x", value=1.0, status="P")
    api.report.submit(r)
    api.report.submit(r)
    c.fields("asset used by a report, which came twice", api.asset.get_asset_by_serial("IOP-USED"), running_count=2, total_count=2)
