"""Calls a gateway the ways Python programs call a Frappe site; prints what came back as JSON."""

import json
import sys

import requests

site, key, secret, item = sys.argv[1:]
method = site + "/api/method/bank_api.bridge."
token = {"Authorization": "token %s:%s" % (key, secret)}
who = site + "/api/method/frappe.auth.get_logged_user"


def raised(answer):
    """What Frappe's own clients do with an answer: they look at `exc` and never at the status."""
    body = answer.json()
    if body.get("exc"):
        return json.loads(body["exc"])[0]
    return body.get("message")


def session():
    """A session that stores cookies and sends them back, those of a guest among them."""
    with requests.Session() as s:
        s.trust_env = False
        s.headers.update(token)
        s.cookies.set("sid", "Guest")
        first = s.get(who)
        second = s.post(method + "get_bank_accounts", data={"item_id": item})
        s.get(site + "/", params={"cmd": "logout"})
        return [first.json()["message"], len(second.json()["message"]), s.cookies.get_dict()]


requests.Session.trust_env = False
results = {
    "token": requests.get(who, headers=token).json(),
    "basic": requests.get(who, auth=(key, secret)).json(),
    "query": requests.post(
        method + "get_bank_accounts/", params={"item_id": item}, auth=(key, secret)
    ).json(),
    "json": requests.post(method + "get_bank_accounts", json={"item_id": int(item)}, headers=token).json(),
    "bare json": requests.post(
        method + "get_bank_accounts?item_id=" + item, data=json.dumps({"item_id": 1}), headers=token
    ).json(),
    "refused": raised(requests.post(method + "get_bridge_item_id/", params={"request": "no"}, headers=token)),
    "missing": raised(requests.get(method + "get_bridge_item_id", headers=token)),
    "wrong secret": raised(requests.get(who, headers={"Authorization": "token %s:no" % key})),
    "statuses": [
        requests.get(method + "get_bridge_item_id", params={"request": "no"}, headers=token).status_code,
        requests.get(method + "get_bridge_item_id", headers=token).status_code,
        requests.get(who).status_code,
    ],
    "redirects": len(requests.post(method + "get_category/", headers=token).history),
    "session": session(),
}
print(json.dumps(results))
