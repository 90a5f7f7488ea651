"""Operations and fail codes."""
import uuid

from pywats.core.exceptions import NotFoundError


def run(api, c):
    c.section("public operations", public, api, c)
    c.section("internal operations", internal, api, c)


def public(api, c):
    processes = api.process.get_processes()
    by_code = {p.code: p for p in processes}
    c.true("codes are different", len(by_code) == len(processes) > 0)
    c.fields("operation 100", by_code.get(100), is_test_operation=True, is_repair_operation=False, is_wip_operation=False, state=1)
    c.fields("operation 500", by_code.get(500), is_test_operation=False, is_repair_operation=True, is_wip_operation=False, state=1)
    name = by_code[100].name
    c.fields("operation by its name", api.process.get_process_by_name(name), code=100)
    c.fields("test operation by code", api.process.get_test_operation(100), name=name)
    c.same("code of a repair is no test operation", api.process.get_test_operation(500), None)
    c.fields("repair operation by code", api.process.get_repair_operation(500), code=500)
    c.same("valid test operation", api.process.is_valid_test_operation(100), True)
    c.same("invalid test operation", api.process.is_valid_test_operation(99999), False)
    c.same("unknown operation", api.process.get_process_by_code(99999), None)
    tests = api.process.get_processes_filtered(include_test_operations=True)
    c.true("only tests when only tests are asked for", tests and all(p.is_test_operation for p in tests))
    repairs = api.process.get_processes_filtered(include_test_operations=False)
    c.true("no tests when they are refused", repairs and not any(p.is_test_operation for p in repairs))
    repairs = api.process.get_processes_filtered(include_repair_operations=True)
    c.same("repair operations", sorted(p.code for p in repairs), sorted(p.code for p in processes if p.is_repair_operation))


def internal(api, c):
    detailed = api.process.get_processes_detailed()
    by_code = {p.code: p for p in detailed}
    public = {p.code: p for p in api.process.get_processes()}
    c.true("internal list has the public operations", set(public) <= set(by_code))
    c.fields("internal operation 100", by_code[100], name=public[100].name)
    c.true("internal operation has an identity", by_code[100].process_id)
    one = api.process.get_process_detailed(by_code[100].process_id)
    c.fields("internal operation by its identity", one, code=100, name=public[100].name, process_id=by_code[100].process_id)
    c.raises("unknown identity is not found", NotFoundError, lambda: api.process.get_process_detailed(uuid.uuid4()))
    configs = api.process.get_repair_operation_configs()
    c.same("configurations are those of the repair operations", sorted(configs), sorted(p.code for p in public.values() if p.is_repair_operation))
    config = configs[500]
    c.true("catalogue has categories", config.categories)
    c.true("every category has codes", all(k.fail_codes for k in config.categories if k.selectable))
    codes = api.process.get_fail_codes(500)
    c.true("fail codes are told", codes and all(k["category"] and k["code"] and k["guid"] for k in codes))
    c.same("identities of fail codes are different", len({k["guid"] for k in codes}), len(codes))
    c.true("categories by name", api.process.get_repair_categories(500))
    c.true("codes of a category", api.process.get_repair_codes(500, config.categories[0].description))
    repair = next(p for p in detailed if p.code == 500)
    c.true("configuration by identity", api.process.get_repair_operation_config(repair.process_id, 500))
    for k in codes[:5]:
        r = api.report.create_uur_report("IOP-FC", operator="ola", serial_number="FC", repair_process_code=500, test_operation_code=100)
        r.add_failure(category=k["category"], code=k["code"])
        c.same(f"fail code {k['category']}, {k['code']} is taken", str(api.report.submit(r)).lower(), str(r.id))
