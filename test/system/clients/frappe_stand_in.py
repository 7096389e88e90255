"""As much of Frappe as examples/frappe/bank_connector.py needs: documents in memory, with transactions."""

import datetime
import sys
import types

documents = {}
by_doctype = {}
defaults = {}
# What was written since the last commit, as it was before: None for what was not there.
before = {}
defaults_before = {}
waiting = []
called = []
broken = set()
hooks = {}
unique = {"Bank Transaction": "transaction_id"}


class DuplicateEntryError(Exception):
    pass


class Document(types.SimpleNamespace):
    def insert(self, ignore_permissions=False):
        assert ignore_permissions, "a guest may insert nothing"
        name = getattr(self.flags, "_name", None) or "%s-%d" % (self.doctype, len(documents))
        field = unique.get(self.doctype)
        twins = [one for one in of(self.doctype) if field and getattr(one, field) and getattr(one, field) == getattr(self, field)]
        if (self.doctype, name) in documents or twins:
            raise DuplicateEntryError(name)
        self.name, self.docstatus = name, 0
        if self.doctype == "Bank Transaction":
            self.allocated_amount, self.unallocated_amount = 0, self.deposit + self.withdrawal
        put(self)

    def submit(self):
        assert self.docstatus == 0
        remember(self.doctype, self.name)
        self.docstatus = 1

    def cancel(self):
        assert self.docstatus == 1 and not self.allocated_amount
        remember(self.doctype, self.name)
        self.docstatus = 2

    def db_set(self, change):
        remember(self.doctype, self.name)
        vars(self).update(change)


def put(one):
    remember(one.doctype, one.name)
    documents[one.doctype, one.name] = one
    by_doctype.setdefault(one.doctype, {})[one.name] = one


def remember(doctype, name):
    one = documents.get((doctype, name))
    before.setdefault((doctype, name), one and dict(vars(one)))


def of(doctype):
    return list(by_doctype.get(doctype, {}).values())


def matches(one, field, wanted):
    have = getattr(one, field, None)
    if not isinstance(wanted, list):
        return have == wanted
    operator, value = wanted
    if operator == "is":
        assert value == "set"
        return bool(have)
    if operator == "in":
        return have in value
    assert operator == ">=" and have is not None
    return str(have) >= str(value)


def get_all(doctype, filters, fields, order_by=None, limit=None):
    found = [one for one in of(doctype) if all(matches(one, *pair) for pair in filters.items())]
    if order_by:
        field, direction = order_by.split()
        found.sort(key=lambda one: str(getattr(one, field)), reverse=direction == "desc")
    return [{field: getattr(one, field, None) for field in fields} for one in found[:limit]]


def get_doc(what, name=None, for_update=False):
    if isinstance(what, dict):
        return Document(flags=types.SimpleNamespace(), **what)
    return documents[what, name]


class Database:
    def commit(self):
        before.clear()
        defaults_before.clear()
        defaults_before.update(defaults)

    def rollback(self):
        for (doctype, name), fields in before.items():
            if fields is None:
                documents.pop((doctype, name), None)
                by_doctype.get(doctype, {}).pop(name, None)
                continue
            live = vars(documents[doctype, name])
            live.clear()
            live.update(fields)
        before.clear()
        defaults.clear()
        defaults.update(defaults_before)

    def get_value(self, doctype, name, field):
        if isinstance(name, dict):
            return next((row[field] for row in get_all(doctype, name, [field])), None)
        assert isinstance(name, str)
        return getattr(documents.get((doctype, name)), field, None)

    def set_value(self, doctype, name, change, value=None):
        change = change if isinstance(change, dict) else {change: value}
        remember(doctype, name)
        vars(documents[doctype, name]).update(change)

    def exists(self, doctype, name):
        return (doctype, name) in documents

    def get_global(self, key):
        return defaults.get(key)

    def set_global(self, key, value):
        defaults[key] = value


def whitelist(allow_guest=False, methods=None):
    assert not allow_guest or methods == ["POST"], "what a guest may call is sent"
    return lambda function: function


def enqueue(method, queue="default", enqueue_after_commit=False, **arguments):
    # Of these names `enqueue` itself has some, as `event`: they would not reach the job.
    assert enqueue_after_commit and not {"event", "method", "job_name", "timeout", "now"} & set(arguments)
    waiting.append((method, arguments))


def get_attr(path):
    def function(content):
        if path in broken:
            raise RuntimeError("the app is broken")
        called.append([path, content])

    return function


class Conf(dict):
    __getattr__ = dict.get


frappe = types.ModuleType("frappe")
frappe.AuthenticationError = type("AuthenticationError", (Exception,), {})
frappe.DuplicateEntryError = DuplicateEntryError
frappe.conf = Conf()
frappe.db = Database()
frappe.session = types.SimpleNamespace(user="ada@acme.test")
frappe.whitelist, frappe.get_doc, frappe.get_all = whitelist, get_doc, get_all
frappe.enqueue, frappe.get_attr = enqueue, get_attr
frappe.get_hooks = lambda hook: hooks if hook == "bank_connector" else {}
frappe.get_traceback = lambda: "the traceback"
frappe.set_user = lambda user: None
frappe.only_for = lambda role: None

utils = types.ModuleType("frappe.utils")
utils.today = datetime.date.today()
utils.nowdate = lambda: str(utils.today)
utils.getdate = lambda day: day if isinstance(day, datetime.date) else datetime.date.fromisoformat(str(day))
utils.add_days = lambda day, days: utils.getdate(day) + datetime.timedelta(days=days)
utils.get_url = lambda path: (frappe.conf.host_name or "https://erp.acme.test") + path
frappe.utils = utils
sys.modules["frappe"], sys.modules["frappe.utils"] = frappe, utils
