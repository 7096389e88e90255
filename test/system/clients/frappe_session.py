"""Asks as `frappe.integrations.utils.make_request` does: a session whose adapter tries again. Prints what came, and what it cost."""

import json
import sys
import time

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

site, key, secret, verb, path = sys.argv[1:]
slept = []
time.sleep = slept.append  # urllib3 calls it by that name; the test need not wait

session = requests.Session()
session.trust_env = False
retries = Retry(total=5, status_forcelist=[500])
for scheme in ("http://", "https://"):
    session.mount(scheme, HTTPAdapter(max_retries=retries))

try:
    answer = session.request(
        verb, site + path, headers={"Authorization": "token %s:%s" % (key, secret)}
    )
    body = answer.json()
    print(
        json.dumps(
            {
                "status": answer.status_code,
                "reset": answer.headers.get("X-RateLimit-Reset"),
                "retry_after": body.get("retry_after"),
                "type": body.get("exc_type"),
                "slept": slept,
            }
        )
    )
except requests.exceptions.RetryError as error:
    print(json.dumps({"gave up": str(error), "slept": slept}))
