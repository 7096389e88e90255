"""A Frappe site with bank_connector.py: a JSON command on each line of stdin, its answer on a line of stdout."""

import importlib.util
import json
import sys
import types

sys.dont_write_bytecode = True

import frappe_stand_in as site
from frappe_stand_in import frappe

spec = importlib.util.spec_from_file_location("bank_connector", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def set_up(conf={}, hooks={}, broken=[], documents=[], today=None, user=None):
    frappe.conf.update(conf)
    site.hooks.update(hooks)
    site.broken.clear()
    site.broken.update(broken)
    if today:
        frappe.utils.today = frappe.utils.getdate(today)
    for one in documents:
        site.put(site.Document(flags=types.SimpleNamespace(), **one))
    if user:
        frappe.session.user = user
    frappe.db.commit()


def receive(headers, body, now):
    """One HTTP request; headers are text in latin-1, as Werkzeug has them."""
    given = {name.lower(): value for name, value in headers.items()}
    frappe.request = types.SimpleNamespace(get_data=lambda: body.encode("utf-8"))
    frappe.get_request_header = lambda name, default=None: given.get(name.lower(), default)
    module.time = types.SimpleNamespace(time=lambda: now)
    return module.receive()


def change(doctype, name, **fields):
    site.documents[doctype, name].db_set(fields)
    frappe.db.commit()


def books():
    """What the site has, and which functions of its apps were called."""
    rows = [dict(vars(one)) for one in site.documents.values()]
    for row in rows:
        row.pop("flags", None)
    return {"documents": rows, "called": site.called}


def list_of(doctype, fields):
    return [[getattr(one, field, None) for field in fields] for one in site.of(doctype)]


commands = {"set_up": set_up, "receive": receive, "change": change, "books": books, "list_of": list_of}


def answer_to(name, arguments):
    """Ends as a request ends: what was done is kept, or nothing of it; then the background worker has its turn."""
    try:
        answer = commands.get(name, getattr(module, name, None))(**arguments)
        frappe.db.commit()
    except Exception as error:
        frappe.db.rollback()
        answer = {"error": type(error).__name__, "text": str(error)}
    while site.waiting:
        method, its = site.waiting.pop(0)
        try:
            method(**its)
            frappe.db.commit()
        except Exception:  # noted by the job itself
            frappe.db.rollback()
    return answer


for line in sys.stdin:
    name, arguments = json.loads(line)
    print(json.dumps(answer_to(name, arguments), default=str), flush=True)
