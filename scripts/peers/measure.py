"""Sends the same requests to running servers in turn, and prints a table of their results.

    measure.py --seconds 5 --rounds 3 --connections 8,64 --site KIND=URL=PID...

KIND is muniment, keystone or better-auth. PID is the first of the server's processes. ADMIN_PASSWORD is the password of
its administrator. wrk makes the load. If a measurement has a single error, its figure is not printed.
"""

import argparse
import concurrent.futures
import dataclasses
import http.client
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time
import urllib.parse

import ceiling

HERE = pathlib.Path(__file__).resolve().parent
USERS = 120
PAGE = 100
PASSWORD = "correct-horse-Battery-1"
ROWS = ["logins", "token checks", f"lists of {PAGE} users", "users created"]


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


@dataclasses.dataclass
class Request:
    """One request, whose body load.lua fills in, and the form of a correct answer."""

    method: str
    path: str
    status: int
    right: object
    token: dict = dataclasses.field(default_factory=dict)
    body: object = None

    def headers(self):
        json_body = {"Content-Type": "application/json"} if self.body is not None else {}
        return {"Accept": "application/json", **json_body, **self.token}

    def text(self):
        return "" if self.body is None else json.dumps(self.body)


class Site:
    """A running server. The classes below have the differences between servers."""

    def __init__(self, url, pid):
        self.pid = pid
        address = urllib.parse.urlsplit(url)
        self.host, self.port = address.hostname, address.port
        self.url = url
        self.asked = 0
        self.admin_password = os.environ["ADMIN_PASSWORD"]
        self.requests = {}

    def ask(self, request):
        """Sends one request. Returns the answer's headers, its JSON and its number of bytes, or raises."""
        self.asked += 1
        text = request.text().replace("{unique}", f"once-{self.asked}").replace("{user}", "0")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(request.method, request.path, text or None, self.extra() | request.headers())
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        where = f"{self.kind}: {request.method} {request.path}"
        if answer.status != request.status:
            raise ValueError(f"{where} answered {answer.status}: {content[:500]!r}")
        value = json.loads(content)
        if not request.right(value):
            raise ValueError(f"{where} answered {answer.status} with something else: {content[:500]!r}")
        size = sum(len(name) + len(text) + 4 for name, text in answer.getheaders()) + len(content)
        return answer.headers, value, size

    def extra(self):
        return {}

    def prepare(self):
        """Logs in as the administrator and makes the users."""
        self.log_in_admin()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.ask, [self.create(f"bench{n}") for n in range(USERS)]))
        self.requests = dict(zip(ROWS, [self.login(), self.check(), self.list(), self.create("made-{unique}")]))


class Muniment(Site):
    kind = "muniment"
    hashing = ("argon2id", [19456, 2, 1], "argon2id m=19456 t=2 p=1")

    def log_in_admin(self):
        request = self.login()
        request.body = {"username": "admin", "password": self.admin_password}
        _, value, _ = self.ask(request)
        self.token = {"Authorization": f"Bearer {value['token']}"}

    def login(self):
        body = {"username": "bench{user}", "password": PASSWORD}
        return Request("POST", "/api/login", 200, lambda value: value["token"], body=body)

    def check(self):
        return Request("GET", "/api/session", 200, lambda value: value["username"] == "admin", self.token)

    def list(self):
        right = lambda value: len(value["users"]) == PAGE
        return Request("GET", f"/api/listUsers?rowsPerPage={PAGE}", 200, right, self.token)

    def create(self, name):
        body = {
            "username": name,
            "password": PASSWORD,
            "identityProvider": "local",
            "grantTypes": [{"method": "password", "isRequired": False}],
        }
        return Request("POST", "/api/users", 201, lambda value: value["username"], self.token, body)


class Keystone(Site):
    kind = "keystone"
    hashing = ("bcrypt", [12], "bcrypt cost 12")

    def log_in_admin(self):
        request = self.login()
        request.body["auth"] = {
            "identity": identity("admin", "default", self.admin_password),
            "scope": {"project": {"name": "admin", "domain": {"id": "default"}}},
        }
        headers, _, _ = self.ask(request)
        token = headers["X-Subject-Token"]
        self.token = {"X-Auth-Token": token}
        self.subject = {"X-Subject-Token": token}
        # Its lists have no page size of their own. A domain with exactly this many users makes a list of that length.
        self.domain = self.make_domain("page")
        self.others = self.make_domain("others")

    def make_domain(self, name):
        body = {"domain": {"name": name}}
        _, value, _ = self.ask(Request("POST", "/v3/domains", 201, lambda v: v["domain"]["id"], self.token, body))
        return value["domain"]["id"]

    def login(self):
        domain = getattr(self, "domain", None)
        body = {"auth": {"identity": identity("bench{user}", domain, PASSWORD)}}
        return Request("POST", "/v3/auth/tokens", 201, lambda value: value["token"]["user"]["id"], body=body)

    def check(self):
        right = lambda value: value["token"]["user"]["name"] == "admin"
        return Request("GET", "/v3/auth/tokens", 200, right, self.token | self.subject)

    def list(self):
        right = lambda value: len(value["users"]) == PAGE
        return Request("GET", f"/v3/users?domain_id={self.domain}", 200, right, self.token)

    def create(self, name):
        number = name.removeprefix("bench")
        domain = self.domain if number.isdigit() and int(number) < PAGE else self.others
        body = {"user": {"name": name, "password": PASSWORD, "domain_id": domain}}
        return Request("POST", "/v3/users", 201, lambda value: value["user"]["id"], self.token, body)


def identity(name, domain, password):
    user = {"name": name, "domain": {"id": domain}, "password": password}
    return {"methods": ["password"], "password": {"user": user}}


class BetterAuth(Site):
    kind = "better-auth"
    hashing = ("scrypt", [16384, 16, 1, 64], "scrypt N=16384 r=16 p=1")

    def extra(self):
        # better-auth refuses a browser's POST from another origin, and treats a POST without Origin as one.
        return {"Origin": self.url}

    def log_in_admin(self):
        request = self.login()
        request.body = {"email": "admin@example.test", "password": self.admin_password}
        _, value, _ = self.ask(request)
        self.token = {"Authorization": f"Bearer {value['token']}"}

    def login(self):
        body = {"email": "bench{user}@example.test", "password": PASSWORD}
        return Request("POST", "/api/auth/sign-in/email", 200, lambda value: value["token"], body=body)

    def check(self):
        # Without a session the answer is 200 and null.
        right = lambda value: value and value["user"]["name"] == "admin"
        return Request("GET", "/api/auth/get-session", 200, right, self.token)

    def list(self):
        right = lambda value: len(value["users"]) == PAGE
        return Request("GET", f"/api/auth/admin/list-users?limit={PAGE}", 200, right, self.token)

    def create(self, name):
        body = {"email": f"{name}@example.test", "password": PASSWORD, "name": name, "role": "user"}
        return Request("POST", "/api/auth/admin/create-user", 200, lambda value: value["user"]["id"], self.token, body)


def tree(pid):
    """A process and all its descendants."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def ticks(pid):
    """Processor time used by a server so far."""
    total = 0
    for process in tree(pid):
        try:
            fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total


def memory(pid):
    """MiB of memory of a server's processes. Shared memory is counted once."""
    total = 0
    for process in tree(pid):
        for line in pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def settle(site):
    """Waits until a server has finished requests whose client has gone, so that it does not slow down the next server."""
    quiet, before = 0, ticks(site.pid)
    for _ in range(300):
        time.sleep(0.2)
        now = ticks(site.pid)
        quiet = quiet + 1 if now - before <= 1 else 0
        before = now
        if quiet == 2:
            return
    say(f"warning: {site.kind} is still busy after a minute")


def load(site, row, connections, seconds, part):
    """Loads a server. Returns answers per second, or raises with the error."""
    request = site.requests[row]
    _, _, size = site.ask(request)
    headers = site.extra() | request.headers()
    environment = os.environ | {
        "PEER_METHOD": request.method,
        "PEER_PATH": request.path,
        "PEER_HEADERS": "\n".join(f"{name}: {value}" for name, value in headers.items()),
        "PEER_BODY": request.text(),
        # The first users of Keystone are in a domain of their own. Only these users log in.
        "PEER_USERS": str(PAGE),
        "PEER_UNIQUE": part,
    }
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    command += ["--timeout", "120s", "--script", str(HERE / "load.lua"), site.url]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 120)
    if ran.returncode != 0:
        raise ValueError(f"wrk failed: {ran.stderr.strip()[:300]}")
    came = json.loads(ran.stdout.strip().splitlines()[-1])
    settle(site)
    wrong = {name: came[name] for name in ("status", "connect", "read", "write", "timeout") if came[name]}
    if wrong:
        raise ValueError(f"of {came['requests']} answers, errors: {wrong}")
    if came["requests"] == 0:
        # The server is too slow for the given time. This is not an error: with fewer connections there may be a figure.
        return 0.0
    # A server may answer a failure with 200. Such an answer is shorter than the expected one.
    if came["bytes"] < 0.9 * size * came["requests"]:
        raise ValueError(f"answers of {came['bytes'] // came['requests']} bytes instead of {size}")
    site.ask(request)
    settle(site)
    return came["requests"] / (came["microseconds"] / 1e6)


def figure(value):
    if value is None:
        return "errors"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def table(sites, ceilings, rates, memories, connections):
    """Rows of text. The first is the head. A ratio is Muniment's figure divided by the other's."""
    peers = [site for site in sites if site.kind != "muniment"] if sites[0].kind == "muniment" else []
    rows = [["", *[site.kind for site in sites], *[f"muniment / {peer.kind}" for peer in peers]]]

    def add(name, values, texts):
        ratios = []
        for peer in peers:
            ours, theirs = values["muniment"], values[peer.kind]
            ratios.append(f"{ours / theirs:.2f}" if ours is not None and theirs is not None else "")
        rows.append([name, *texts, *ratios])

    rows.append(["password hash", *[site.hashing[2] for site in sites], *["" for _ in peers]])
    add("that hash alone/s", ceilings, [figure(ceilings[site.kind]) for site in sites])
    for row in ROWS:
        best, texts = {}, []
        for site in sites:
            medians = {}
            for number in connections:
                found = rates[site.kind, row, number]
                if None not in found:
                    medians[number] = statistics.median(found)
            number = max(medians, key=medians.get, default=None)
            if number is not None and medians[number] > 0:
                best[site.kind] = medians[number]
                texts.append(f"{figure(medians[number])} ({number})")
            else:
                best[site.kind] = None
                texts.append("none in time" if medians else figure(None))
        add(f"{row}/s", best, texts)
    medians = {site.kind: statistics.median(memories[site.kind]) for site in sites}
    add("memory, MiB", medians, [figure(medians[site.kind]) for site in sites])
    return rows


def show(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("| " + " | ".join(text.ljust(width) for text, width in zip(row, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--processes", type=int, required=True)
    parser.add_argument("--connections", required=True)
    parser.add_argument("--site", action="append", required=True)
    options = parser.parse_args()
    connections = [int(number) for number in options.connections.split(",")]
    kinds = {kind.kind: kind for kind in (Muniment, Keystone, BetterAuth)}
    sites = []
    for text in options.site:
        kind, url, pid = text.split("=")
        sites.append(kinds[kind](url, int(pid)))

    ceilings = {}
    for site in sites:
        say(f"{site.kind}: {site.hashing[2]} alone, {options.processes} processes")
        ceilings[site.kind] = ceiling.ceiling(*site.hashing[:2], min(options.seconds, 2), options.processes)
    for site in sites:
        say(f"{site.kind}: making {USERS} users")
        try:
            site.prepare()
        except ValueError as error:
            sys.exit(str(error))
        settle(site)

    rates = {(site.kind, row, number): [] for site in sites for row in ROWS for number in connections}
    memories = {site.kind: [] for site in sites}
    failed = False
    for turn in range(options.rounds):
        # Each server is the first in turn, so that no server always runs just after the same other server.
        order = sites[turn % len(sites) :] + sites[: turn % len(sites)]
        for row in ROWS:
            for number in connections:
                for site in order:
                    part = f"{turn}-{number}-{int(time.time())}"
                    try:
                        rate = load(site, row, number, options.seconds, part)
                    except ValueError as error:
                        say(f"{site.kind}: {row}, {number} connections: no figure: {error}")
                        rate, failed = None, True
                    else:
                        say(
                            f"round {turn + 1}: {site.kind}: {row}, {number} connections: {figure(rate)}/s,"
                            f" {figure(memory(site.pid))} MiB"
                        )
                    rates[site.kind, row, number].append(rate)
        for site in order:
            memories[site.kind].append(memory(site.pid))

    show(table(sites, ceilings, rates, memories, connections))
    print()
    print(
        f"Medians of {options.rounds} rounds of {options.seconds} s; in brackets the connections, of"
        f" {' and '.join(map(str, connections))}, that gave the most. Memory is the sum of PSS after a round,"
        " without Postgres. Servers, Postgres and load share this machine: the ratios say more than the figures."
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
