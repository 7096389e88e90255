"""Connects a Frappe site with ERPNext (14 and later) to Bank API: from a bank's rows to Bank Transactions.

Put this file into an app of yours, as my_app/my_app/bank_connector.py. It needs nothing but Frappe. In site_config.json:

    "bank_connector_url", "bank_connector_key", "bank_connector_secret"    where Bank API is, and this site's key
    "bank_connector_webhook_secret"    what get_webhook_secret answers, when webhooks reach this site

and in the app's hooks.py:

    scheduler_events = {"hourly": ["my_app.bank_connector.catch_up"]}
    bank_connector = {"connect.completed": ["my_app.bank.greet"]}    # your own functions by type of event, if any

Then: `link` gives an address that connects a bank, `accounts` lists what it brought, `map_account` says which of them a
Bank Account is and from which day on it is booked. The rest happens by itself: hourly, and at once where webhooks come to
https://your.site/api/method/my_app.bank_connector.receive.

A Bank Account's integration_id is Bridge's account, a Bank Transaction's transaction_id Bridge's transaction. Each row is
booked once, however often it is read; what changes before it is reconciled changes here, and what was deleted is cancelled.
"""

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from html import escape

import frappe
from frappe.utils import add_days, getdate, nowdate

# What is older may be sent again by somebody who listened; each try is signed anew.
MOST_SECONDS_OLD = 5 * 60

# A bank books, changes and deletes rows weeks after the day they bear: so far back an account that came back is compared
# with what is booked.
LATE_DAYS = 30

# The events that ask something of a person.
TODO = {
    "consent.expiring": 'The connection to {bank} ends in {days_left} days: <a href="{renew_url}">renew it</a>.',
    "item.action_required": "The connection to {bank} waits for its user ({next}): open it and ask for a link.",
    "item.stale": "Nothing new came from {bank} since {data_as_of}.",
}

# After these there are rows to read.
NEWS = {"item.account.created", "item.account.updated", "item.repaired", "connect.completed", "account.replaced"}


class BankApiError(Exception):
    """A call that was refused: `code` is for programs, the text for people."""

    def __init__(self, status, body):
        self.status, self.body, self.code = status, body, body.get("code")
        super().__init__(body.get("exception") or f"Bank API answered {status}")


def call(method, **arguments):
    """Any method of Bank API by its last name, as call("get_bank_accounts", item_id=7). Raises BankApiError, or OSError."""
    conf = frappe.conf
    request = urllib.request.Request(
        f"{conf.bank_connector_url}/api/method/bank_api.bridge.{method}",
        data=json.dumps({name: value for name, value in arguments.items() if value is not None}).encode(),
        headers={
            "Authorization": f"token {conf.bank_connector_key}:{conf.bank_connector_secret}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["message"]
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            body = json.loads(text)
        except ValueError:
            body = {}
        raise BankApiError(error.code, body) from None


# --- what people do, from a button of a form -------------------------------------------------------------------------


@frappe.whitelist(methods=["POST"])
def link(redirect_url, bank=None, item_id=None):
    """An address that connects a bank, or renews and mends the item; `request` tells later what came of it."""
    frappe.only_for("Accounts Manager")
    method = "get_bridge_edit_link" if item_id else "get_bridge_connect_link"
    webhook = "bank_connector_webhook_secret" in frappe.conf and frappe.utils.get_url(
        f"/api/method/{__name__}.receive"
    )
    return call(
        method,
        redirect_url=redirect_url,
        bank=bank,
        item_id=item_id,
        user=frappe.session.user,
        webhook_url=webhook or None,
    )


@frappe.whitelist()
def accounts(request):
    """The accounts that a link brought, none while it is under way."""
    frappe.only_for("Accounts Manager")
    item_id = call("get_bridge_item_id", request=request)["item_id"]
    return call("get_bank_accounts", item_id=item_id) if item_id else []


@frappe.whitelist(methods=["POST"])
def map_account(bank_account, account_id, since):
    """From now on this Bank Account is Bridge's account, booked from the day `since` on."""
    frappe.only_for("Accounts Manager")
    begin(bank_account, account_id, since)
    frappe.enqueue(sync, queue="long", enqueue_after_commit=True, bank_account=bank_account)


# --- what Bank API tells ---------------------------------------------------------------------------------------------


@frappe.whitelist(allow_guest=True, methods=["POST"])
def receive():
    """A webhook: verifies, keeps, and answers at once; the work is done in the background."""
    body = frappe.request.get_data()
    event_id = verify(body)
    return keep(event_id, body.decode("utf-8"))


def verify(body):
    """The event's id, once the signature of Standard Webhooks proves that Bank API sent all of it just now."""
    secret = frappe.conf.get("bank_connector_webhook_secret") or ""
    event_id = header("webhook-id")
    timestamp = header("webhook-timestamp")
    if not secret:
        raise frappe.AuthenticationError

    key = base64.b64decode(secret.split("_")[-1])
    digest = hmac.new(key, b".".join([event_id, timestamp, body]), hashlib.sha256).digest()
    signature = b"v1," + base64.b64encode(digest)
    # Two while a secret rotates.
    good = [hmac.compare_digest(signature, one) for one in header("webhook-signature").split()]
    if not any(good) or abs(time.time() - int(timestamp)) > MOST_SECONDS_OLD:
        raise frappe.AuthenticationError
    return event_id.decode()


def header(name):
    """As bytes: Python compares no text outside ASCII in constant time, and raises instead."""
    return (frappe.get_request_header(name) or "").encode("utf-8", "replace")


def keep(event_id, text):
    """Keeps an event as an Integration Request and has it handled, however it came and however often."""
    status = frappe.db.get_value("Integration Request", event_id, "status")
    if status == "Completed":
        return "seen before"
    if status is None:
        kept = frappe.get_doc(
            {
                "doctype": "Integration Request",
                "integration_request_service": "Bank API",
                "status": "Queued",
                "data": text,
            }
        )
        kept.flags._name = event_id
        # Two tries at one moment: the second ends as DuplicateEntryError, and comes again.
        kept.insert(ignore_permissions=True)

    # What is queued or failed may have been lost here: a repeat is the remedy.
    frappe.enqueue(handle, queue="long", enqueue_after_commit=True, event_id=event_id)
    return "kept"


def handle(event_id):
    """Does what the event asks for. What fails is noted, and is done anew when the event is replayed."""
    kept = frappe.get_doc("Integration Request", event_id, for_update=True)
    if kept.status == "Completed":
        return
    event = json.loads(kept.data)
    frappe.set_user("Administrator")
    try:
        act(event["type"], event["content"])
    except Exception:
        frappe.db.rollback()
        settle(event_id, {"status": "Failed", "error": frappe.get_traceback()})
        raise
    settle(event_id, {"status": "Completed"})


def settle(event_id, change):
    frappe.db.set_value("Integration Request", event_id, change)
    frappe.db.commit()


def act(kind, content):
    if kind in TODO:
        ask_somebody(TODO[kind], content)
    if kind == "connect.completed" and content["item_id"]:
        for account in call("get_bank_accounts", item_id=content["item_id"]):
            if account.get("replaces"):
                take_over(account["replaces"]["account_id"], account["id"], account["replaces"]["data_until"])
    if kind == "account.replaced":
        take_over(content["replaced_account_id"], content["account_id"], content["data_until"])
    # Bridge says of a refresh that it read the whole history; of any other each account tells by itself.
    if kind in NEWS or content.get("full_refresh"):
        sync_all(content.get("account_id"))
    for function in (frappe.get_hooks("bank_connector") or {}).get(kind, []):
        frappe.get_attr(function)(content)


def ask_somebody(text, content):
    """A ToDo for the user whose connection it is, or for the Administrator when this site has no such user."""
    user = content["user"]
    words = {name: escape(str(value)) for name, value in content.items()}
    words["bank"] = escape(content["bank"] or "a bank")
    todo = {
        "doctype": "ToDo",
        "description": text.format(**words),
        "allocated_to": user if user and frappe.db.exists("User", user) else "Administrator",
    }
    frappe.get_doc(todo).insert(ignore_permissions=True)


def catch_up():
    """Hourly: what no webhook told, and a look at every account once a day, whatever was told."""
    while True:
        try:
            page = call("get_events", cursor=frappe.db.get_global("bank_connector_cursor"), limit=500)
        except BankApiError as error:
            if error.code != "cursor_too_old":
                raise
            # What was missed is in the rows, which are read by their own day.
            frappe.db.set_global("bank_connector_cursor", error.body["oldest_cursor"])
            continue
        for event in page["events"]:
            keep(event["id"], json.dumps(event["event"]))
        frappe.db.set_global("bank_connector_cursor", page["cursor"])
        frappe.db.commit()
        if not page["has_more"]:
            break
    # What failed, as when Bank API was away, or was lost on its way to a worker.
    unfinished = {"integration_request_service": "Bank API", "status": ["in", ["Queued", "Failed"]]}
    for row in frappe.get_all("Integration Request", filters=unfinished, fields=["name"]):
        frappe.enqueue(handle, queue="long", enqueue_after_commit=True, event_id=row["name"])
    frappe.db.commit()
    sync_all(before=nowdate())


# --- the books -------------------------------------------------------------------------------------------------------


def begin(bank_account, account_id, since, goes_on=False):
    """Books a Bank Account from this account and day on; its next sync reads all of it anew. `goes_on`: all its rows are ours."""
    frappe.db.set_global(f"bank_connector_since:{bank_account}", str(getdate(since)))
    frappe.db.set_global(f"bank_connector_goes_on:{bank_account}", "1" if goes_on else "0")
    change = {"integration_id": str(account_id), "last_integration_date": None}
    frappe.db.set_value("Bank Account", bank_account, change)


def take_over(old_id, new_id, data_until):
    """An account that came back under another id goes on where the old one ended, unless somebody mapped it already."""
    old = frappe.db.get_value("Bank Account", {"integration_id": str(old_id)}, "name")
    if not old or frappe.db.get_value("Bank Account", {"integration_id": str(new_id)}, "name"):
        return
    booked = frappe.get_all(
        "Bank Transaction",
        filters={"bank_account": old, "docstatus": 1, "transaction_id": ["is", "set"]},
        fields=["date"],
        order_by="date desc",
        limit=1,
    )
    days = [getdate(row["date"]) for row in booked] + ([getdate(data_until[:10])] if data_until else [])
    start = getdate(frappe.db.get_global(f"bank_connector_since:{old}"))
    begin(old, new_id, max(start, add_days(min(days), -LATE_DAYS)) if days else start, goes_on=True)


def sync_all(account_id=None, before=None):
    """Syncs each mapped Bank Account, that of one account, or those that were last synced on an earlier day."""
    for row in frappe.get_all(
        "Bank Account",
        filters={"integration_id": str(account_id) if account_id else ["is", "set"]},
        fields=["name", "last_integration_date"],
    ):
        last = row["last_integration_date"]
        if before and last and getdate(last) >= getdate(before):
            continue
        sync(row["name"])


def sync(bank_account):
    """Reads what changed since the last time, and books it: all of it, or nothing when something fails."""
    account = frappe.get_doc("Bank Account", bank_account, for_update=True)
    since = frappe.db.get_global(f"bank_connector_since:{bank_account}")
    if not account.integration_id or not since:
        return
    today, last = nowdate(), account.last_integration_date
    # A day of overlap costs nothing, and forgives clocks and time zones.
    span = {"since": str(add_days(getdate(last), -1))} if last else {"min_date": since}
    rows = call("get_bank_transactions_by_account", account_id=int(account.integration_id), **span)
    # A deleted row may come without its day.
    mine = [row for row in rows if row.get("deleted") or row["date"] >= since]
    goes_on = not last and frappe.db.get_global(f"bank_connector_goes_on:{bank_account}") == "1"
    book(bank_account, mine, is_whole=not last, goes_on=goes_on)
    frappe.db.set_value("Bank Account", bank_account, "last_integration_date", today)
    frappe.db.commit()


def book(bank_account, rows, is_whole, goes_on=False):
    """
    Brings the Bank Transactions in line with these rows; `is_whole`: they are all that there are. `goes_on`: what was booked
    of their days came from the account before, so what is not among them was deleted while nobody could tell.
    """
    ids = {str(row["id"]) for row in rows}
    mine = {"bank_account": bank_account, "docstatus": 1}
    which = {"date": [">=", min(row["date"] for row in rows)]} if is_whole and rows else {"transaction_id": ["in", list(ids)]}
    booked = frappe.get_all(
        "Bank Transaction",
        filters={**mine, **which},
        fields=["name", "transaction_id", "date", "deposit", "withdrawal", "description"],
    )
    by_id = {one["transaction_id"]: one for one in booked if one["transaction_id"]}
    deleted = {str(row["id"]) for row in rows if row.get("deleted")}
    # Whose ids are no more: the same rows may be here under new ones, for Bridge gives new ids to what came back.
    orphans = [one for id, one in by_id.items() if id in deleted or id not in ids]

    fresh = [row for row in rows if is_final(row) and str(row["id"]) not in by_id]
    for is_same in (lambda a, b: a == b, lambda a, b: a[:3] == b[:3]):
        for row in list(fresh):
            twin = next((one for one in orphans if is_same(key_of(one), key_of(fields_of(row)))), None)
            if twin:
                orphans.remove(twin)
                fresh.remove(row)
                change(twin, {**fields_of(row), "transaction_id": str(row["id"])})
    for row in fresh:
        entry = {"doctype": "Bank Transaction", "bank_account": bank_account, **fields_of(row)}
        doc = frappe.get_doc({**entry, "transaction_id": str(row["id"]), "currency": row["currency_code"]})
        doc.insert(ignore_permissions=True)
        doc.submit()
    for row in rows:
        one = by_id.get(str(row["id"]))
        if one and is_final(row) and key_of(one) != key_of(fields_of(row)):
            change(one, fields_of(row))
    for one in orphans:
        if goes_on or one["transaction_id"] in deleted:
            take_back(one)


def is_final(row):
    """Whether the bank has booked it: what is pending or to come may still change, or never be."""
    return not row.get("deleted") and not row.get("future") and bool(row.get("booking_date") or row.get("value_date"))


def fields_of(row):
    amount = row["amount"] or 0
    return {
        "date": row["date"],
        "deposit": max(amount, 0),
        "withdrawal": max(-amount, 0),
        "description": row.get("clean_description") or row.get("provider_description") or "",
        "reference_number": (row.get("provider_description") or "")[:140],
    }


def key_of(one):
    """What makes two rows the same for a person."""
    return [str(getdate(one["date"])), round(one["deposit"], 2), round(one["withdrawal"], 2), one["description"] or ""]


def change(one, fields):
    """Changes what is booked; the amount and day of what somebody reconciled stay, and somebody is told."""
    doc = frappe.get_doc("Bank Transaction", one["name"])
    is_other = key_of(one)[:3] != key_of({**one, **fields})[:3]
    if is_other and doc.allocated_amount:
        tell_of(doc, "The bank changed {name}, which is reconciled: it is {date} and {amount} there now.", fields)
        fields = {name: value for name, value in fields.items() if name not in ("date", "deposit", "withdrawal")}
    elif is_other:
        fields = {**fields, "unallocated_amount": fields["deposit"] + fields["withdrawal"]}
    doc.db_set(fields)


def take_back(one):
    """Cancels what the bank deleted; what somebody reconciled stays, and somebody is told."""
    doc = frappe.get_doc("Bank Transaction", one["name"])
    if doc.allocated_amount:
        tell_of(doc, "The bank deleted {name}, which is reconciled.", one)
        return
    doc.cancel()
    # Free for a row that comes back.
    doc.db_set({"transaction_id": None})


def tell_of(doc, text, fields):
    """Once: what is told already is not told again at the next look."""
    amount = fields["deposit"] - fields["withdrawal"]
    description = text.format(name=doc.name, date=fields["date"], amount=amount)
    if frappe.get_all("ToDo", filters={"description": description}, fields=["name"], limit=1):
        return
    todo = {"doctype": "ToDo", "description": description, "allocated_to": "Administrator"}
    frappe.get_doc({**todo, "reference_type": doc.doctype, "reference_name": doc.name}).insert(ignore_permissions=True)
