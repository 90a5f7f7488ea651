"""Products: revisions, groups, categories, vendors, tags, BOM, box build."""
import uuid

from pywats.core.exceptions import NotFoundError, PyWATSError
from pywats.domains.product import BomItem, Product, ProductGroup, ProductRevision
from pywats.domains.product.enums import ProductState
from pywats.pywats import SyncServiceWrapper
from pywats.shared import Setting


def repository(service):
    """The calls of a domain as they go over the wire: not all of them have a method of the service."""
    return SyncServiceWrapper(service._async._repository)


def run(api, c):
    c.section("products", products, api, c)
    c.section("revisions", revisions, api, c)
    c.section("groups", groups, api, c)
    c.section("vendors", vendors, api, c)
    c.section("categories", categories, api, c)
    c.section("tags", tags, api, c)
    c.section("BOM", bom, api, c)
    c.section("box build", box_build, api, c)


def pairs(settings):
    return sorted((s.key, s.value or "") if isinstance(s, Setting) else (s["key"], s.get("value") or "") for s in settings)


def products(api, c):
    made = api.product.create_product("IOP-P1", name="Board", description="a board, æøå", non_serial=False)
    want = dict(part_number="IOP-P1", name="Board", description="a board, æøå", non_serial=False, state=ProductState.ACTIVE)
    c.fields("created product", made, **want)
    c.true("created product has an identity", made.product_id)
    got = api.product.get_product("IOP-P1")
    c.fields("product", got, product_id=made.product_id, revisions=[], tags=[], **want)
    got.name, got.description, got.state, got.non_serial = "Board 2", "another", ProductState.INACTIVE, True
    c.fields("updated product", api.product.update_product(got), name="Board 2", description="another", state=ProductState.INACTIVE, non_serial=True)
    c.fields("product after the update", api.product.get_product("IOP-P1"), name="Board 2", description="another",
             state=ProductState.INACTIVE, non_serial=True, product_id=made.product_id)
    c.fields("product whose name is left out keeps it", api.product.update_product(Product(part_number="IOP-P1", description="third")),
             name="Board 2", description="third")
    many = api.product.bulk_save_products([Product(part_number=f"IOP-B{i}", name=f"bulk {i}") for i in range(20)])
    c.same("products saved together", sorted(p.part_number for p in many), sorted(f"IOP-B{i}" for i in range(20)))
    listed = {p.part_number: p for p in api.product.get_products()}
    c.true("list has them all", all(f"IOP-B{i}" in listed for i in range(20)))
    c.fields("product in the list", listed["IOP-B7"], name="bulk 7", state=ProductState.ACTIVE, non_serial=False)
    api.product.create_product("IOP-OLD", state=ProductState.INACTIVE)
    found = api.product.query_products(filter="startswith(partNumber,'IOP-B1')", orderby="partNumber desc", top=3)
    c.same("filtered, sorted and cut", [p.part_number for p in found], ["IOP-B19", "IOP-B18", "IOP-B17"])
    c.raises("filter by an unknown member is refused", PyWATSError, lambda: api.product.query_products(filter="colour eq 'red'"), "colour")
    c.true("inactive ones are not active", "IOP-OLD" not in {p.part_number for p in api.product.get_active_products()})
    c.raises("unknown product is not found", NotFoundError, lambda: api.product.get_product("IOP-NONE"))
    c.raises("product without part number is refused", PyWATSError, lambda: repository(api.product).save(Product(part_number="")), "partNumber")
    c.raises("product of too long a part number is refused", PyWATSError, lambda: api.product.create_product("x" * 101), "partNumber")
    c.raises("products of which one is wrong are refused", PyWATSError,
             lambda: api.product.bulk_save_products([Product(part_number="IOP-HALF"), Product(part_number="")]))
    c.raises("and none of them is stored", NotFoundError, lambda: api.product.get_product("IOP-HALF"))
    for name, number in {"a blank": "IOP A B", "an apostrophe": "IOP'1", "a plus": "IOP+1", "letters of all kinds": "IOP-Ærø-日本"}.items():
        api.product.create_product(number, name="odd")
        c.fields(f"product whose number holds {name}", api.product.get_product(number), part_number=number, name="odd")


def revisions(api, c):
    api.product.create_product("IOP-R", name="with revisions")
    a = api.product.create_revision("IOP-R", "A", name="first", description="the first")
    c.fields("created revision", a, revision="A", name="first", description="the first", state=ProductState.ACTIVE)
    c.true("created revision has an identity", a.product_revision_id)
    api.product.create_revision("IOP-R", "B", name="second", state=ProductState.INACTIVE)
    c.same("revisions of the product", [r.revision for r in api.product.get_revisions("IOP-R")], ["A", "B"])
    got = api.product.get_revision("IOP-R", "B")
    c.fields("revision", got, revision="B", name="second", state=ProductState.INACTIVE)
    got.description = "changed"
    c.fields("updated revision", api.product.update_revision(got), description="changed", name="second")
    c.fields("revision by its path", repository(api.product).get_revision("IOP-R", "A"), revision="A", name="first", product_revision_id=a.product_revision_id)
    c.same("unknown revision is none", api.product.get_revision("IOP-R", "Z"), None)
    c.raises("unknown revision by its path is not found", NotFoundError, lambda: repository(api.product).get_revision("IOP-R", "Z"))
    together = repository(api.product).save_revisions_bulk([ProductRevision(part_number="IOP-R", revision=r, name=f"rev {r}") for r in "CD"])
    c.same("revisions saved together", sorted(r.revision for r in together), ["C", "D"])
    whole = api.product.get_product("IOP-R")
    whole.revisions = [r for r in whole.revisions if r.revision != "C"]
    api.product.update_product(whole)
    c.same("revisions left out of a product stay", [r.revision for r in api.product.get_revisions("IOP-R")], ["A", "B", "C", "D"])


def groups(api, c):
    group = api.product.create_group("IOP group")
    c.fields("created group", group, product_group_name="IOP group")
    c.true("created group has a number", isinstance(group.product_group_id, int) and group.product_group_id > 0)
    c.true("list has the group", (group.product_group_id, "IOP group") in [(g.product_group_id, g.product_group_name) for g in api.product.get_groups()])
    renamed = repository(api.product).save_group(ProductGroup(product_group_id=group.product_group_id, product_group_name="IOP renamed"))
    c.fields("renamed group", renamed, product_group_id=group.product_group_id, product_group_name="IOP renamed")
    c.same("groups of a product that is in none", api.product.get_groups_for_product("IOP-B1"), [])


def vendors(api, c):
    vendor = api.product.save_vendor("IOP vendor", phone="555")
    c.fields("saved vendor", vendor, name="IOP vendor", phone="555")
    key = vendor["vendorId"]
    c.true("list has the vendor", key in [v["vendorId"] for v in api.product.get_vendors()])
    c.fields("updated vendor", api.product.save_vendor("IOP vendor 2", vendor_id=key), name="IOP vendor 2", vendorId=key)
    c.same("deleted vendor", api.product.delete_vendor(key), True)
    c.true("list has it no more", key not in [v["vendorId"] for v in api.product.get_vendors()])
    c.raises("vendor deleted twice is not found", NotFoundError, lambda: api.product.delete_vendor(key))


def categories(api, c):
    c.same("saved categories", api.product.save_product_categories([{"name": "IOP boards", "description": "flat"}]), True)
    found = [k for k in api.product.get_product_categories() if k["name"] == "IOP boards"]
    c.same("list has the category once", len(found), 1)
    c.fields("category", found[0], description="flat")
    product = api.product.create_product("IOP-CAT", product_category_id=found[0]["categoryId"])
    c.fields("product of the category", product, product_category_name="IOP boards")
    c.fields("product of the category, read", api.product.get_product("IOP-CAT"), product_category_name="IOP boards",
             product_category_id=uuid.UUID(found[0]["categoryId"]))


def tags(api, c):
    api.product.create_product("IOP-T")
    api.product.create_revision("IOP-T", "A")
    api.product.set_product_tags("IOP-T", [{"key": "color", "value": "red"}, {"key": "empty", "value": ""}])
    c.same("tags of the product", pairs(api.product.get_product_tags("IOP-T")), [("color", "red"), ("empty", "")])
    api.product.add_product_tag("IOP-T", "color", "blue")
    api.product.add_product_tag("IOP-T", "size", "10")
    c.same("tags after a change and an addition", pairs(api.product.get_product_tags("IOP-T")), [("color", "blue"), ("empty", ""), ("size", "10")])
    whole = api.product.get_product("IOP-T")
    whole.tags = [Setting(key="size", change=3)]
    api.product.update_product(whole)
    c.same("tags after one was dropped", pairs(api.product.get_product_tags("IOP-T")), [("color", "blue"), ("empty", "")])
    api.product.set_revision_tags("IOP-T", "A", [{"key": "fw", "value": "1.0"}])
    api.product.add_revision_tag("IOP-T", "A", "hw", "2.0")
    c.same("tags of the revision", pairs(api.product.get_revision_tags("IOP-T", "A")), [("fw", "1.0"), ("hw", "2.0")])
    r = repository(api.product)
    c.same("internal tags of the product", pairs(r.get_product_tags("IOP-T")), [("color", "blue"), ("empty", "")])
    c.same("internal tags are set", r.set_product_tags("IOP-T", [{"key": "size", "value": "11", "change": 1}]), True)
    c.same("internal tags of the revision", pairs(r.get_revision_tags("IOP-T", "A")), [("fw", "1.0"), ("hw", "2.0")])
    c.same("internal tags of the revision are set", r.set_revision_tags("IOP-T", "A", [{"key": "fw", "value": "1.1", "change": 2}]), True)
    c.same("all tags in the end", pairs(api.product.get_product_tags("IOP-T")) + pairs(api.product.get_revision_tags("IOP-T", "A")),
           [("color", "blue"), ("empty", ""), ("size", "11"), ("fw", "1.1"), ("hw", "2.0")])


def bom(api, c):
    api.product.create_product("IOP-BOM", name="with parts")
    api.product.create_revision("IOP-BOM", "A")
    items = [BomItem(component_ref="R1;R2", part_number="RES-10K", description="10 kΩ <1 %> & \"co\"", quantity=2),
             BomItem(component_ref="C1", part_number="CAP-100N", description="100 nF", quantity=1)]
    c.same("BOM in XML is taken", api.product.update_bom("IOP-BOM", "A", items, description="parts"), True)
    got = {i.part_number: i for i in api.product.get_bom("IOP-BOM", "A")}
    c.same("parts of the BOM", sorted(got), ["CAP-100N", "RES-10K"])
    c.fields("part", got["RES-10K"], component_ref="R1;R2", description="10 kΩ <1 %> & \"co\"", quantity=2)
    c.same("BOM in JSON is taken", api.product.upload_bom("IOP-BOM", "A", [{"componentRef": "U1", "partNumber": "CPU", "quantity": 1, "manufacturer": "ACME"}]), True)
    got = api.product.get_bom("IOP-BOM", "A")
    c.same("it takes the place of the other", [i.part_number for i in got], ["CPU"])
    c.fields("part of the other BOM", got[0], component_ref="U1", quantity=1, manufacturer="ACME")
    c.raises("BOM of an unknown revision is refused", PyWATSError, lambda: api.product.update_bom("IOP-BOM", "Z", items))


def box_build(api, c):
    for number in ("IOP-BOX", "IOP-PSU", "IOP-FAN"):
        api.product.create_product(number)
        for revision in ("A", "B"):
            api.product.create_revision(number, revision)
    c.same("template is empty at first", api.product.get_box_build_subunits("IOP-BOX", "A"), [])
    psu = api.product.add_subunit("IOP-BOX", "A", "IOP-PSU", "A", quantity=2)
    c.fields("added sub-unit", psu, quantity=2, parent_product_revision_id=api.product.get_revision("IOP-BOX", "A").product_revision_id,
             child_product_revision_id=api.product.get_revision("IOP-PSU", "A").product_revision_id)
    fan = api.product.add_subunit("IOP-BOX", "A", "IOP-FAN", "A", quantity=1, revision_mask="A,B%")
    rows = {r.child_part_number: r for r in api.product.get_box_build_subunits("IOP-BOX", "A")}
    c.same("template", sorted(rows), ["IOP-FAN", "IOP-PSU"])
    c.fields("row of the template", rows["IOP-PSU"], quantity=2, child_revision="A", relation_id=psu.relation_id)
    c.fields("row with a mask", rows["IOP-FAN"], quantity=1, revision_mask="A,B%", relation_id=fan.relation_id)
    psu.quantity = 3
    repository(api.product).update_revision_relation(psu)
    c.same("updated quantity", {r.child_part_number: r.quantity for r in api.product.get_box_build_subunits("IOP-BOX", "A")}, {"IOP-FAN": 1, "IOP-PSU": 3})
    c.same("removed sub-unit", api.product.remove_subunit(fan.relation_id), True)
    c.same("template in the end", [r.child_part_number for r in api.product.get_box_build_subunits("IOP-BOX", "A")], ["IOP-PSU"])
    c.true("product with relations", repository(api.product).get_product_with_relations("IOP-BOX"))
    with api.product.get_box_build_template("IOP-BOX", "B") as template:
        template.add_subunit("IOP-FAN", "B", quantity=4)
    c.same("template saved as a whole", [(r.child_part_number, r.child_revision, r.quantity) for r in api.product.get_box_build_subunits("IOP-BOX", "B")],
           [("IOP-FAN", "B", 4)])
    c.raises("product that holds itself is refused", PyWATSError, lambda: api.product.add_subunit("IOP-PSU", "A", "IOP-BOX", "A"))
