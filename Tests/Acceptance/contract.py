"""openapi.yaml against the server, by schemathesis: all checks, with a key and without.

Every failed check of every request is read from its report, because its own summary shows one of a kind. A failure is a
finding unless it is one of EXPLAINED."""

import base64
import collections
import json
import os
import re
import subprocess
from pathlib import Path

import servers
from common import Findings, Peer, Row, make_key, request, say

ROOT = Path(__file__).resolve().parents[2]
SECRET = "s" * 32
ALL = "every operation"

# What the schema permits and the server rejects, because a schema cannot say it: operation, check, the answer's code,
# a part of its detail, and why.
EXPLAINED = [
    ("PUT /api/v1/images/{path}", "positive_data_acceptance", "unsupported_image", "",
     "the bytes decide what is an image, and no schema describes them"),
    ("POST /api/v1/images", "positive_data_acceptance", "unsupported_image", "", "the same, of a form's only file"),
    ("PUT /api/v1/images/{path}", "positive_data_acceptance", "truncated_image", "", "the same"),
    ("PUT /api/v1/images/{path}", "positive_data_acceptance", "broken_image", "", "the same"),
    (ALL, "positive_data_acceptance", "precondition_failed", "",
     "412 is what If-Match and If-None-Match are for; which value holds depends on what is stored"),
    ("PUT /api/v1/images/{path}", "positive_data_acceptance", "bad_request", "without If-Match",
     "OpenAPI cannot say that two header fields exclude each other"),
    ("POST /api/v1/images", "positive_data_acceptance", "bad_request", "without If-Match", "the same"),
    ("POST /api/v1/images", "positive_data_acceptance", "bad_request", "If-Match",
     "conditions need the field `path`; OpenAPI cannot tie a header field to a part of the body"),
    ("POST /api/v1/images", "positive_data_acceptance", "bad_body", "takes one file",
     "`path` goes with one file only, which OpenAPI cannot say of a form"),
    ("POST /api/v1/images", "positive_data_acceptance", "bad_body", "more than one prefix or path",
     "`prefix` and `path` exclude each other; schemathesis 4.32 ends with an error if the schema of a form says so"),
    ("POST /api/v1/images", "positive_data_acceptance", "bad_body", "must stand before the files",
     "the order of parts matters, and a schema has none"),
    ("POST /api/v1/images/{path}/rotate", "positive_data_acceptance", "bad_parameter", "in the query and the body",
     "a parameter may be in the query or in the body; OpenAPI cannot exclude both at once"),
    ("POST /api/v1/images/{path}/rotate", "positive_data_acceptance", "bad_parameter", "needs degrees",
     "the query and the body are both optional, but one of them must say what to do"),
    ("OPTIONS /api/v1/images/{path}/rotate", "allow_header_conformance", "", "^$",
     "an image may be named `…/rotate`, so Allow also lists the methods of images"),
    ("OPTIONS /api/v1/images/{path}", "allow_header_conformance", "", "^$",
     "a path that cannot name an image may be one of a rotate, so Allow also lists POST"),
    ("OPTIONS /api/v1/images/{path}", "negative_data_rejection", "", "^$",
     "a preflight succeeds for every path: a script learns from the request itself that its path is bad"),
    ("OPTIONS /api/v1/images/{path}/rotate", "negative_data_rejection", "", "^$", "the same"),
    ("OPTIONS /api/v1/metadata/{path}", "negative_data_rejection", "", "^$", "the same"),
    (ALL, "positive_data_acceptance", "bad_path", r"has \d+ bytes",
     "limits count bytes of UTF-8, and maxLength counts characters"),
    (ALL, "positive_data_acceptance", "bad_path", "reserved",
     "`.TINTYPE` and look-alikes are reserved too (OwnNames), which a pattern would have to list"),
    (ALL, "positive_data_acceptance", "bad_parameter", "names no preset", "the settings name the presets"),
    ("GET /api/v1/images", "positive_data_acceptance", "bad_parameter", "cursor is not one that",
     "a cursor is what the page before has given"),
    ("GET /api/v1/images/{path}", "positive_data_acceptance", "bad_parameter", "must be a number",
     "numbers are written without an exponent, and JSON Schema knows no spelling of numbers"),
    ("POST /api/v1/signed-urls", "not_a_server_error", "not_supported", "URL_SIGNING_KEYS is not set",
     "501 is documented for a server without signing keys"),
]


def schemathesis(folder, url, name, more, count, paths):
    """Runs it. Returns its report as events, and its exit code."""
    report = folder / f"{name}.ndjson"
    command = [
        os.environ["SCHEMATHESIS"], "run", str(ROOT / "openapi.yaml"), "--url", url, "--checks", "all", "--continue-on-failure",
        "--seed", "11", "--max-examples", str(count), "--no-shrink",
        # A large rendition on a busy machine takes its time.
        "--request-timeout", "90", "--report", "ndjson", "--report-ndjson-path", str(report),
        *paths, *more,
    ]
    log = folder / f"{name}.log"
    with open(log, "wb") as output:
        code = subprocess.run(command, cwd=folder, stdout=output, stderr=output).returncode
    if not report.exists():
        raise RuntimeError(f"schemathesis made no report:\n{log.read_text()[-3000:]}")
    return [json.loads(line) for line in report.read_text().splitlines()], code


def body_of(interaction):
    response = interaction.get("response") or {}
    text = base64.b64decode((response.get("content") or {}).get("$base64", "")).decode("utf-8", "replace")
    try:
        problem = json.loads(text)
        return (problem.get("code", ""), problem.get("detail", "")) if isinstance(problem, dict) else ("", text)
    except ValueError:
        return "", text


def ask_again(interaction, port, secret):
    """The code and detail of the same request as GET: an answer to HEAD has no body that tells the reason."""
    sent = interaction["request"]
    target = "/" + sent["uri"].split("/", 3)[3]
    fields = [(name, value) for name, values in sent["headers"].items() for value in values
              if name.lower() not in ("host", "connection", "content-length", "transfer-encoding", "accept-encoding")]
    fields = [(name, f"Bearer {secret}" if "Filtered" in value else value) for name, value in fields]
    peer = Peer(port)
    try:
        _, _, body = peer.ask(request(b"GET", target.encode(), fields))
    finally:
        peer.close()
    return body_of({"response": {"content": {"$base64": base64.b64encode(body).decode()}}})


def explanation(operation, check, code, detail):
    for where, name, wanted, part, why in EXPLAINED:
        if where in (ALL, operation) and name == check and wanted == code and re.search(part, detail):
            return why
    return None


def judge(events, found, explained, port, secret):
    """Returns how many requests were answered, by status."""
    statuses = collections.Counter()
    for event in events:
        recorder = (event.get("ScenarioFinished") or {}).get("recorder") or {}
        interactions = recorder.get("interactions") or {}
        for number, interaction in interactions.items():
            response = interaction.get("response")
            statuses[response["status_code"] if response else "none"] += 1
        for number, checks in (recorder.get("checks") or {}).items():
            case = recorder["cases"][number]["value"]
            interaction = interactions.get(number) or {}
            method = (interaction.get("request") or {}).get("method", case["method"])
            operation = f"{method} {case['path']}"
            for check in checks:
                if check["status"] != "failure":
                    continue
                code, detail = body_of(interaction)
                status = (interaction.get("response") or {}).get("status_code")
                if method == "HEAD" and status == 412:
                    code = "precondition_failed"
                elif method == "HEAD":
                    code, detail = ask_again(interaction, port, secret)
                why = explanation(operation.replace("HEAD ", "GET "), check["name"], code, detail)
                if why:
                    explained[why] += 1
                    continue
                found.note("failed checks", f"{operation}: {check['name']}: {status} {code} {detail[:200]} "
                                            f"({(interaction.get('request') or {}).get('uri', '')[:300]})")
        status = (event.get("ScenarioFinished") or {}).get("status")
        if status == "error" or "NonFatalError" in event or "FatalError" in event:
            found.note("errors", json.dumps(event)[:1_000])
    return statuses


def run(folder, short):
    count = 8 if short else 150
    secret, entry = make_key("read write delete admin")
    settings = {
        "API_KEYS": entry, "RATE_LIMITS": "failures=off", "URL_SIGNING_KEYS": f"k1:{SECRET}", "SIGNED_URL_MAX_SECONDS": "31536000", "ACCESS_LOG": "off",
        "PRESETS": "thumb:w=64",
    }
    public = ["--exclude-path-regex", "^/(livez|readyz|metrics)$"]
    ops = ["--include-path-regex", "^/(livez|readyz|metrics)$"]
    found, explained = Findings(), collections.Counter()
    credential = ["-H", f"Authorization: Bearer {secret}"]
    # With signing keys, a random `sig` is 403 before a parameter is read; so once without them, too.
    runs = [("with a key", "port", public, credential, {}),
            ("with a key, without signing keys", "port", public, credential, {"URL_SIGNING_KEYS": ""}),
            ("without a credential", "port", public, [], {}),
            ("protected, without a credential", "port", public, [], {"READ_ACCESS": "protected"}),
            ("ops", "ops", ops, [], {})]
    if short:
        runs = [runs[1], runs[2], runs[4]]
    for name, port, paths, more, changes in runs:
        place = folder / name.replace(" ", "-").replace(",", "")
        place.mkdir()
        with servers.tintype(place, **(settings | changes)) as server:
            say(f"schemathesis {name}")
            events, _ = schemathesis(place, f"http://127.0.0.1:{getattr(server, port)}", "report", more, count, paths)
            statuses = judge(events, found, explained, getattr(server, port), secret)
            alive = Path(f"/proc/{server.pid}").exists()
        shown = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items(), key=str))
        yield Row(f"{name}: requests", shown, "some, no 5xx", alive and sum(statuses.values()) > 10 * len(paths)
                  and not any(isinstance(status, int) and status >= 500 and status != 501 for status in statuses))
    yield found.row("failed checks that are not explained", "failed checks")
    yield found.row("errors of schemathesis", "errors")
    for why, times in sorted(explained.items()):
        say(f"explained {times} times: {why}")
    yield Row("valid requests rejected for an explained reason", str(sum(explained.values())), "–", True)
