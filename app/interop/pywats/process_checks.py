"""Operations and fail codes."""
import uuid

from pywats.core.exceptions import NotFoundError


def run(api, c):
    c.section("public operations", public, api, c)


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
