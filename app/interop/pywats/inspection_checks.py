"""Manual inspection: definitions, their status, relations, workflow, sequences, runs."""
import uuid

from pywats.core.exceptions import NotFoundError
from pywats.pywats import SyncServiceWrapper

import raw


def run(api, c):
    c.section("definitions", definitions, api, c)
    c.section("relations", relations, api, c)
    c.section("workflow", workflow, api, c)
    c.section("sequences", sequences, api, c)
    c.section("runs", runs, api, c)


def definitions(api, c):
    made = api.manual_inspection.create_definition("IOP inspection", description="look, æøå", on_fail_goto_cleanup=True, add_child_units=True)
    want = dict(name="IOP inspection", description="look, æøå", is_global=False, on_fail_goto_cleanup=True, add_child_units=True, status=0)
    c.fields("created definition", made, **want)
    key = str(made.test_sequence_definition_id)
    c.fields("definition", api.manual_inspection.get_definition(key), **want)
    c.true("list has it", key in [str(d.test_sequence_definition_id) for d in api.manual_inspection.list_definitions()])
    c.true("list of global ones has it not", key not in [str(d.test_sequence_definition_id) for d in api.manual_inspection.list_definitions(is_global=True)])
    c.same("no instances yet", api.manual_inspection.get_instances_count(key), 0)
    copy = api.manual_inspection.copy_definition(key)
    c.true("copy is another one", copy is not None and str(copy.test_sequence_definition_id) != key)
    c.raises("unknown definition is not found", NotFoundError, lambda: api.manual_inspection.get_definition(str(uuid.uuid4())))


def relations(api, c):
    key = str(api.manual_inspection.create_definition("IOP related").test_sequence_definition_id)
    made = api.manual_inspection.create_relation(key, "Product", "IOP-MI", entity_key="PartNumber", entity_value="IOP-MI")
    c.fields("created relation", made, entity_schema="Product", entity_value="IOP-MI")
    c.same("relations", [str(r.test_sequence_relation_id) for r in api.manual_inspection.list_relations(key)], [str(made.test_sequence_relation_id)])
    c.same("no conflicts", api.manual_inspection.get_relation_conflicts(key), [])
    other = str(api.manual_inspection.create_definition("IOP rival").test_sequence_definition_id)
    api.manual_inspection.create_relation(other, "Product", "IOP-MI", entity_key="PartNumber", entity_value="IOP-MI")
    c.true("conflict is told", isinstance(api.manual_inspection.get_relation_conflicts(other), list))
    payload = made.model_dump(mode="json", by_alias=True, exclude_none=True)
    payload["EntityValue"] = "IOP-MI2"
    api.manual_inspection.update_relation(payload)
    c.same("updated relation", [r.entity_value for r in api.manual_inspection.list_relations(key)], ["IOP-MI2"])
    api.manual_inspection.delete_relation(payload)
    c.same("deleted relation", api.manual_inspection.list_relations(key), [])


def workflow(api, c):
    key = str(api.manual_inspection.create_definition("IOP workflow").test_sequence_definition_id)
    text = "<Sequence><PassFailTest Name=\"look\"/></Sequence>"
    api.manual_inspection.put_xaml({"TestSequenceDefinitionId": key, "Definition": text})
    c.true("workflow file", api.manual_inspection.get_wwf_content(key))
    got = api.manual_inspection.get_xaml(key)
    c.true("workflow comes back", text in (got["Definition"] if isinstance(got, dict) else str(got)), got)


def sequences(api, c):
    key = str(api.manual_inspection.create_definition("IOP sequence").test_sequence_definition_id)
    c.true("list of sequences has it", key in [str(s.test_sequence_definition_id) for s in api.manual_inspection.list_sequences()])
    c.true("sequence is renamed", api.manual_inspection.update_sequence({"TestSequenceDefinitionId": key, "Name": "IOP sequence 2"}) is not None)
    c.fields("definition after that", api.manual_inspection.get_definition(key), name="IOP sequence 2")
    api.manual_inspection.delete_sequence(key)
    c.raises("deleted sequence is not found", NotFoundError, lambda: api.manual_inspection.get_definition(key))


def runs(api, c):
    api.product.create_product("IOP-MIR")
    made = api.manual_inspection.create_definition("IOP run")
    key = str(made.test_sequence_definition_id)
    api.manual_inspection.create_relation(key, "Product", "IOP-MIR", entity_key="PartNumber", entity_value="IOP-MIR")
    payload = api.manual_inspection.get_definition(key).model_dump(mode="json", by_alias=True, exclude_none=True)
    payload["Status"] = 1
    put = SyncServiceWrapper(api.manual_inspection._async._repository)
    c.fields("definition put to pending as a whole", put.put_definition(payload), status=1)
    run = raw.call(api, "POST", "/api/gowats/v1/ManualInspection/Run",
                   json={"TestSequenceDefinitionId": key, "SerialNumber": "MIR1", "PartNumber": "IOP-MIR", "Revision": "A"}).json()
    want = dict(serial_number="MIR1", part_number="IOP-MIR", revision="A", test_sequence_definition_id=made.test_sequence_definition_id)
    c.fields("run of the unit", api.manual_inspection.get_mi_details(run["UnitId"]), **want)
    c.fields("run of the unit by the older call", put.get_mi_details(run["UnitId"]), **want)
    c.same("runs are counted", api.manual_inspection.get_instances_count(key), 1)
    c.true("answer to a text step", api.manual_inspection.put_string_test({"TestSequenceInstanceId": run["TestSequenceInstanceId"], "Name": "label", "Value": "OK"}))
    c.same("conflicts by the older call", put.get_relation_conflicts(key), [])
    c.true("misc infos are checked", not api.manual_inspection.validate_misc_info({"MiscInfo": [{"description": "Lot", "value": "7"}]}))
    c.true("wrong misc infos are told", api.manual_inspection.validate_misc_info({"MiscInfo": [{"description": "", "value": "x" * 101}]}))
