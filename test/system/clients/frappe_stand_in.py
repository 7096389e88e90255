"""As much of Frappe as a webhook receiver needs. Reads from stdin what came in, and prints what became of it as JSON."""

import importlib.util
import json
import sys
import types

sys.dont_write_bytecode = True
told = json.load(sys.stdin)
documents = {}
queue = []
called = []


class Document(types.SimpleNamespace):
    def insert(self, ignore_permissions=False):
        assert ignore_permissions, "a guest may insert nothing"
        self.name = getattr(self.flags, "_name", None) or "todo-%d" % len(documents)
        if self.name in documents:
            raise frappe.DuplicateEntryError(self.name)
        documents[self.name] = self


def get_doc(what, name=None, for_update=False):
    if isinstance(what, dict):
        return Document(flags=types.SimpleNamespace(), **what)
    assert documents[name].doctype == what
    return documents[name]


def whitelist(allow_guest=False, methods=None):
    assert allow_guest and methods == ["POST"]
    return lambda function: function


def enqueue(method, queue="default", enqueue_after_commit=False, **arguments):
    # Of these names `enqueue` itself has some, as `event`: they would not reach the job.
    assert enqueue_after_commit and not {"event", "method", "job_name", "timeout", "now"} & set(arguments)
    waiting.append((method, arguments))


def get_attr(path):
    def function(content):
        if path in told["broken"]:
            raise RuntimeError("the app is broken")
        called.append([path, content])

    return function


class Database:
    commit = rollback = staticmethod(lambda: None)

    def get_value(self, doctype, name, field):
        return getattr(documents.get(self.key(name)), field, None)

    def set_value(self, doctype, name, change):
        vars(documents[self.key(name)]).update(change)

    def exists(self, doctype, name):
        return name in told["users"]

    def key(self, name):
        assert isinstance(name, str)
        return name


waiting = []
frappe = types.ModuleType("frappe")
frappe.AuthenticationError = type("AuthenticationError", (Exception,), {})
frappe.DuplicateEntryError = type("DuplicateEntryError", (Exception,), {})
frappe.conf = {"bank_connector_webhook_secret": told["secret"]}
frappe.db = Database()
frappe.whitelist, frappe.get_doc, frappe.enqueue, frappe.get_attr = whitelist, get_doc, enqueue, get_attr
frappe.get_hooks = lambda hook: told["hooks"] if hook == "bank_webhook" else []
frappe.get_traceback = lambda: "the traceback"
frappe.set_user = lambda user: None
sys.modules["frappe"] = frappe

spec = importlib.util.spec_from_file_location("bank_webhook", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def ask(request):
    """One HTTP request; headers are text in latin-1, as Werkzeug has them."""
    headers = {name.lower(): value for name, value in request["headers"].items()}
    body = request["body"].encode("utf-8")
    frappe.request = types.SimpleNamespace(get_data=lambda: body)
    module.time = types.SimpleNamespace(time=lambda: request["now"])
    frappe.get_request_header = lambda name, default=None: headers.get(name.lower(), default)
    try:
        return module.receive()
    except Exception as error:
        return type(error).__name__


def work():
    """The background worker: does all that waits; what it raises is its log's business."""
    while waiting:
        method, arguments = waiting.pop(0)
        try:
            method(**arguments)
        except RuntimeError:
            pass


answers = []
for request in told["requests"]:
    answers.append(ask(request))
    work()
    told["broken"] = []

kept = {name: [one.doctype, getattr(one, "status", None)] for name, one in documents.items()}
todos = [[one.allocated_to, one.description] for one in documents.values() if one.doctype == "ToDo"]
print(json.dumps({"answers": answers, "kept": kept, "todos": todos, "called": called}))
