"""Walks Bridge's published flow as a client that knows Bridge alone: its documentation's calls, and no more. Prints JSON."""

import json
import sys
from urllib.parse import parse_qs, urlsplit

import requests

(bridge,) = sys.argv[1:]
session = requests.Session()
session.trust_env = False
session.headers.update(
    {"Bridge-Version": "2025-01-15", "Client-Id": "any", "Client-Secret": "any", "Accept": "application/json"}
)


def ask(verb, path, status=200, **more):
    answer = session.request(verb, bridge + path, **more)
    assert answer.status_code == status, (verb, path, answer.status_code, answer.text)
    return answer.json() if answer.content else None


def rows(path):
    """All pages: `next_uri` has no host, and repeats the rest of the query."""
    found = []
    while path:
        page = ask("GET", path)
        found += page["resources"]
        path = page.get("pagination", {}).get("next_uri")
    return found


v3 = "/v3/aggregation"
user = ask("POST", v3 + "/users", status=201)
token = ask("POST", v3 + "/authorization/token", status=201, json={"user_uuid": user["uuid"]})
session.headers["Authorization"] = "Bearer " + token["access_token"]
connect = ask(
    "POST",
    v3 + "/connect-sessions",
    status=201,
    json={
        "user_email": "jane.doe@example.com",
        "country_code": "FR",
        "account_types": "all",
        "callback_url": "https://app.example.com/bank/callback",
        "context": "tenant-42",
        "provider_id": None,
    },
)
done = requests.post(connect["url"], json={"login": "success", "password": "any"}, allow_redirects=False)
back = urlsplit(done.headers["Location"])
query = {name: values[0] for name, values in parse_qs(back.query).items()}
item = ask("GET", v3 + "/items/" + query["item_id"])
accounts = rows(v3 + "/accounts?limit=5&item_id=" + query["item_id"])
transactions = rows(v3 + "/transactions?limit=500&account_id=%d" % accounts[0]["id"])
newest = max(row["updated_at"] for row in transactions)
told = {
    "back": [back.netloc + back.path, query["success"], query["context"], query["user_uuid"] == user["uuid"]],
    "item": [item["status"], item["provider_id"]],
    "accounts": len({account["id"] for account in accounts}),
    "transactions": len({row["id"] for row in transactions}) == len(transactions) > 500,
    "since": rows(v3 + "/transactions?since=%s&account_id=%d" % (newest, accounts[0]["id"])),
    "one": ask("GET", v3 + "/transactions/%d" % transactions[0]["id"]) == transactions[0],
    "stocks": len(rows(v3 + "/stocks?limit=4")),
    "insights": sorted(ask("GET", v3 + "/insights/category")["kpis"]),
    "holders": len(rows(v3 + "/accounts-information")[0]["accounts"]),
    "bank": ask("GET", "/v3/providers/574")["name"],
    "category": ask("GET", v3 + "/categories/273", headers={"Accept-Language": "fr"})["name"],
    "unknown": ask("GET", v3 + "/items/1", status=404)["code"],
}
ask("DELETE", v3 + "/items/" + query["item_id"], status=204)
ask("DELETE", v3 + "/users/" + user["uuid"], status=204)
told["after"] = ask("GET", v3 + "/items", status=401)["code"]
print(json.dumps(told))
