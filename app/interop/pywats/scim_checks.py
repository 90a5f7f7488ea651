"""Provisioning of users."""
from datetime import datetime, timedelta, timezone

from pywats.core.exceptions import NotFoundError, PyWATSError
from pywats.domains.scim import ScimUser

import raw

USERS = "/api/SCIM/v2/Users"


def run(api, c):
    c.section("token", token, api, c)
    c.section("users", users, api, c)


def token(api, c):
    got = api.scim.get_token(duration_days=7)
    c.true("token is told", got.token)
    c.true("token works", raw.call(api, "GET", USERS, headers={"Authorization": "Bearer " + got.token}).status_code == 200)
    if got.expires_utc:
        left = got.expires_utc.replace(tzinfo=got.expires_utc.tzinfo or timezone.utc) - datetime.now(timezone.utc)
        c.true("token lasts 7 days", timedelta(days=6) < left < timedelta(days=8), left)


def users(api, c):
    c.known("user is created", "the client passes the body under a name that its transport does not take",
            lambda: api.scim.create_user(ScimUser(user_name="iop.known", display_name="Known", active=True)))
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "iop.kari", "displayName": "Kari", "active": True,
            "externalId": "x-1", "name": {"givenName": "Kari", "familyName": "Norm", "formatted": "Kari Norm"},
            "emails": [{"value": "kari@example.com", "type": "work", "primary": True}]}
    made = raw.call(api, "POST", USERS, json=body).json()
    got = api.scim.get_user(made["id"])
    c.fields("user", got, id=made["id"], user_name="iop.kari", display_name="Kari", active=True, external_id="x-1")
    c.fields("name of the user", got.name, given_name="Kari", family_name="Norm")
    c.same("addresses of the user", [(e.value, e.type, e.primary) for e in got.emails], [("kari@example.com", "work", True)])
    c.fields("user by name", api.scim.get_user_by_username("iop.kari"), id=made["id"])
    for i in range(5):
        raw.call(api, "POST", USERS, json={**body, "userName": f"iop.many{i}", "externalId": f"m-{i}"})
    page = api.scim.get_users(start_index=1, count=2)
    c.true("page of users", page.total_results >= 6 and len(page.resources) == 2 and page.start_index == 1)
    c.true("all users by pages", len({u.id for at in range(1, page.total_results + 1, 2) for u in api.scim.get_users(start_index=at, count=2).resources}) == page.total_results)
    c.known("user is deactivated", "the client passes the body under a name that its transport does not take", lambda: api.scim.deactivate_user(made["id"]))
    raw.call(api, "PATCH", f"{USERS}/{made['id']}", json={"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
             "Operations": [{"op": "replace", "path": "active", "value": False}, {"op": "replace", "path": "displayName", "value": "Kari N"}]})
    c.fields("user after the change", api.scim.get_user(made["id"]), active=False, display_name="Kari N", user_name="iop.kari")
    api.scim.delete_user(made["id"])
    c.raises("deleted user is not found", NotFoundError, lambda: api.scim.get_user(made["id"]))
    c.raises("unknown name is not found", NotFoundError, lambda: api.scim.get_user_by_username("iop.nobody"))
    try:
        raw.call(api, "POST", USERS, json={**body, "userName": "iop.many0", "externalId": "again"})
        c.tell("FAIL", "user of a name that is taken is refused", "it was created")
    except Exception as err:
        c.true("user of a name that is taken is refused", "409" in str(err), err)
