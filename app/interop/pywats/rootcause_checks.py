"""Tickets: create, read, assign, comment, status, lists, attachments, archive."""
import uuid

from pywats.core.exceptions import NotFoundError, PyWATSError
from pywats.domains.rootcause.enums import TicketPriority, TicketStatus, TicketView

import raw

ME = "python"  # the user that the server knows the client by


def run(api, c):
    c.section("tickets", tickets, api, c)
    c.section("lists", lists, api, c)
    c.section("attachments", attachments, api, c)
    c.section("refusals", refusals, api, c)


def tickets(api, c):
    report = api.report.create_uut_report(operator="kari", part_number="IOP-RC", revision="A", serial_number="RC1", operation_type=100)
    report.root.add_numeric_step(name="x", value=1.0, status="P")
    api.report.submit(report)
    made = api.rootcause.create_ticket("IOP ticket, æøå", priority=TicketPriority.HIGH, assignee=ME, team="lab", report_uuid=report.id, initial_comment="first words")
    want = dict(subject="IOP ticket, æøå", priority=TicketPriority.HIGH, team="lab", report_uuid=report.id, status=TicketStatus.OPEN)
    c.fields("created ticket", made, **want)
    c.true("created ticket has identity and number", made.ticket_id and made.ticket_number)
    got = api.rootcause.get_ticket(made.ticket_id)
    c.fields("ticket", got, ticket_id=made.ticket_id, ticket_number=made.ticket_number, **want)
    c.true("ticket tells when it was made", got.created_utc)
    c.true("first words are in the history", "first words" in [h.content for h in got.history or []], got.history)
    api.rootcause.add_comment(made.ticket_id, "second words", assignee=ME)
    history = api.rootcause.get_ticket(made.ticket_id).history
    c.true("comment is in the history", "second words" in [h.content for h in history], history)
    c.true("and tells by whom", [h.update_user for h in history if h.content == "second words"] == [ME], history)
    for status in (TicketStatus.IN_PROGRESS, TicketStatus.ON_HOLD, TicketStatus.SOLVED):
        api.rootcause.change_status(made.ticket_id, status, assignee=ME)
        c.fields(f"ticket set to {status.name}", api.rootcause.get_ticket(made.ticket_id), status=status)
    api.rootcause.archive_tickets([made.ticket_id])
    c.fields("archived ticket", api.rootcause.get_ticket(made.ticket_id), status=TicketStatus.ARCHIVED)
    changed = api.rootcause.create_ticket("IOP to change", assignee=ME)
    changed.subject, changed.priority, changed.assignee = "IOP changed", TicketPriority.LOW, ME
    c.fields("updated ticket", api.rootcause.update_ticket(changed), subject="IOP changed", priority=TicketPriority.LOW)
    c.fields("ticket after the update", api.rootcause.get_ticket(changed.ticket_id), subject="IOP changed", priority=TicketPriority.LOW, status=TicketStatus.OPEN)
    api.rootcause.assign_ticket(changed.ticket_id, ME)
    c.true("assigned ticket is mine", changed.ticket_id in [t.ticket_id for t in api.rootcause.get_open_tickets(view=TicketView.ASSIGNED)])


def lists(api, c):
    made = [api.rootcause.create_ticket(f"IOP list {i}", assignee=ME).ticket_id for i in range(3)]
    api.rootcause.change_status(made[1], TicketStatus.IN_PROGRESS, assignee=ME)
    found = {t.ticket_id for t in api.rootcause.get_open_tickets(view=TicketView.ALL)}
    c.same("open ones", [t in found for t in made], [True, False, True])
    found = {t.ticket_id for t in api.rootcause.get_active_tickets(view=TicketView.ALL)}
    c.same("active ones", [t in found for t in made], [True, True, True])
    found = api.rootcause.get_tickets(status=TicketStatus.OPEN, view=TicketView.ALL, search_string="IOP list 2")
    c.same("by text", [t.ticket_id for t in found], [made[2]])


def attachments(api, c):
    text = b"\x00\x01picture\xff" * 100
    c.known("attachment is uploaded", "the client cannot send a form", lambda: api.rootcause.upload_attachment(text, "picture.png"))
    key = raw.call(api, "POST", "/api/RootCause/Attachment", files={"file": ("picture.png", text, "image/png")}).json()
    c.true("identity of the attachment is text", isinstance(key, str) and uuid.UUID(key))
    c.same("attachment comes back", api.rootcause.get_attachment(key), text)
    c.raises("unknown attachment is not found", NotFoundError, lambda: api.rootcause.get_attachment(uuid.uuid4()))


def refusals(api, c):
    c.raises("unknown ticket is not found", NotFoundError, lambda: api.rootcause.get_ticket(uuid.uuid4()))
    t = api.rootcause.create_ticket("IOP nobody's")
    c.raises("status of a ticket that is assigned to nobody is refused", PyWATSError, lambda: api.rootcause.change_status(t.ticket_id, TicketStatus.SOLVED))
    c.raises("open ticket is not archived", PyWATSError, lambda: api.rootcause.archive_tickets([t.ticket_id]))
    c.raises("ticket without subject is refused", PyWATSError, lambda: raw_ticket(api))


def raw_ticket(api):
    from pywats.domains.rootcause import Ticket
    from pywats.pywats import SyncServiceWrapper
    return SyncServiceWrapper(api.rootcause._async._repository).create_ticket(Ticket(subject=""))
