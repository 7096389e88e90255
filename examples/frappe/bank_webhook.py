"""Takes Bank API's webhooks on a Frappe site (13 and later), so on Dokos and ERPNext too.

Put this file into an app of yours, as my_app/my_app/bank_webhook.py. In site_config.json set
`bank_connector_webhook_secret` to what `get_webhook_secret` answers, and give
https://your.site/api/method/my_app.bank_webhook.receive as `webhook_url` when you ask for a link.

Every event is kept as an Integration Request and handled once. One that asks something of a person
becomes a ToDo. What your app does about an event is named by type in its hooks.py, and gets its content:

    bank_webhook = {"item.account.updated": ["my_app.bank.read_new_transactions"]}
"""

import base64
import hashlib
import hmac
import json
import time
from html import escape

import frappe

# What is older may be sent again by somebody who listened; each try is signed anew.
MOST_SECONDS_OLD = 5 * 60

# The events that ask something of a person.
TODO = {
    "consent.expiring": 'The connection to {bank} ends in {days_left} days: <a href="{renew_url}">renew it</a>.',
    "item.action_required": "The connection to {bank} waits for its user ({next}): open it and ask for a link.",
}


@frappe.whitelist(allow_guest=True, methods=["POST"])
def receive():
    """Verifies, keeps, and answers at once: the work is done in the background."""
    body = frappe.request.get_data()
    event_id = verify(body)

    status = frappe.db.get_value("Integration Request", event_id, "status")
    if status == "Completed":
        return "seen before"
    if status is None:
        kept = frappe.get_doc(
            {
                "doctype": "Integration Request",
                "integration_request_service": "Bank API",
                "status": "Queued",
                "data": body.decode("utf-8"),
            }
        )
        kept.flags._name = event_id
        # Two tries at one moment: the second ends as DuplicateEntryError, and comes again.
        kept.insert(ignore_permissions=True)

    # What is queued or failed may have been lost here: a repeat is the remedy.
    frappe.enqueue(handle, queue="short", enqueue_after_commit=True, event_id=event_id)
    return "kept"


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


def handle(event_id):
    """Does what the event asks for. What fails is noted, and is done anew when the event is replayed."""
    kept = frappe.get_doc("Integration Request", event_id, for_update=True)
    if kept.status == "Completed":
        return
    event = json.loads(kept.data)
    frappe.set_user("Administrator")
    try:
        if event["type"] in TODO:
            ask_somebody(TODO[event["type"]], event["content"])
        for function in (frappe.get_hooks("bank_webhook") or {}).get(event["type"], []):
            frappe.get_attr(function)(event["content"])
    except Exception:
        frappe.db.rollback()
        settle(event_id, {"status": "Failed", "error": frappe.get_traceback()})
        raise
    settle(event_id, {"status": "Completed"})


def settle(event_id, change):
    frappe.db.set_value("Integration Request", event_id, change)
    frappe.db.commit()


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
