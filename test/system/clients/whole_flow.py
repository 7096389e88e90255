"""From a link to the deletion, with the session that Frappe's own `make_request` makes. Prints what it was told as JSON."""

import json
import sys
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

origin, key, secret, user = sys.argv[1:]
requests.Session.trust_env = False


class Refused(Exception):
    pass


def session():
    made = requests.Session()
    retries = Retry(total=5, status_forcelist=[500])
    made.mount("http://", HTTPAdapter(max_retries=retries))
    return made


def ask(verb, method, arguments, password=secret):
    """GET with a query, POST with a form; raises, as Frappe's clients do, for an `exc` and not for a status."""
    place = "params" if verb == "GET" else "data"
    answer = session().request(
        verb,
        origin + "/api/method/bank_api.bridge." + method,
        headers={"Authorization": "token %s:%s" % (key, password)},
        **{place: arguments},
    )
    body = answer.json()
    if body.get("exc"):
        raise Refused(json.loads(body["exc"])[0].strip())
    return body["message"]


def refusal(arguments, password=secret):
    try:
        ask("GET", "get_bank_accounts", arguments, password)
    except Refused as line:
        return str(line)


def visit(link):
    """What a person does: logs in at the bank, and lets the browser follow home."""
    done = requests.post(link, data={"login": "success", "password": "any"}, allow_redirects=False)
    back = requests.get(done.headers["Location"], allow_redirects=False)
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


order = {
    "redirect_url": "http://localhost:8000/app/bank?tab=1#top",
    "bank": "Société Générale",
    "user": user,
}
link = ask("POST", "get_bridge_connect_link", order)
home = visit(link["url"])
item = ask("GET", "get_bridge_item_id", {"request": link["request"]})
who = {"item_id": item["item_id"], "user": user}
accounts = ask("GET", "get_bank_accounts", who)
account = {"account_id": accounts[0]["id"], "user": user}
since = (date.today() - timedelta(days=40)).isoformat()
told = {
    "home": home,
    "item": item,
    "accounts": accounts,
    "transactions": len(ask("GET", "get_bank_transactions_by_account", account)),
    "recent": len(ask("GET", "get_bank_transactions", {"user": user, "since": since, "lang": "fr"})),
    "details": ask("GET", "get_bridge_item_details", {"item_id": item["item_id"]}),
    "refreshed": ask("POST", "post_item_refresh", who)["refreshed"],
    "refusals": [
        refusal({"item_id": 1}),
        refusal({"item_id": "x"}),
        refusal({"item_id": item["item_id"]}, password="no"),
    ],
    "deleted": ask("POST", "delete_bridge_item_id", who)["deleted"],
}
told["refusals"].append(refusal({"item_id": item["item_id"]}))
print(json.dumps(told))
