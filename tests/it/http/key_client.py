"""The client of an API key from the documentation of OS2iot, with the standard library alone: reads the organisation of the key and a page of
applications. Usage: key_client.py BASE KEY"""

import json
import sys
from urllib.parse import urlencode
from urllib.request import Request, urlopen

base, key = sys.argv[1:]


def get(path, **params):
    url = f"{base}{path}" + (f"?{urlencode(params)}" if params else "")
    with urlopen(Request(url, headers={"x-api-key": key}), timeout=30) as answer:
        return json.load(answer)


print(json.dumps({
    "organization": get("/api-key-info/organization"),
    "applications": get("/application", limit=2, offset=0),
}))
