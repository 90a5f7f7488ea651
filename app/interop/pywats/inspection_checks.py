"""Manual inspection: definitions, their status, relations, sequences, documents of the workflow."""
import uuid

from pywats.core.exceptions import NotFoundError, PyWATSError
from pywats.pywats import SyncServiceWrapper


def run(api, c):
    c.section("definitions", definitions, api, c)
    c.section("relations", relations, api, c)
    c.section("workflow", workflow, api, c)
    c.section("sequences", sequences, api, c)


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
    got = api.manual_inspection.get_xaml(key)
    c.true("workflow comes back", text in (got["Definition"] if isinstance(got, dict) else str(got)), got)


def sequences(api, c):
    c.true("sequences are told", isinstance(api.manual_inspection.list_sequences(), list))
