"""Reads the scheduler's and the endpoints' numbers from their headers: name, value and the comment that explains it."""

import pathlib
import re
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = "config/host.cpp"
# The structs and classes whose numbers docs/scheduler.md shows, and where each stands. Of a class, its constants.
SOURCES = [("SchedulerSettings", "core/settings/settings.h"), ("EndpointSettings", "core/endpoints/endpoint.h"),
           ("PrefetchWindow", "core/endpoints/prefetch_window.h"), ("RateLimit", "core/endpoints/rate_limit.h"),
           ("QueryAdmission", "core/endpoints/query_admission.h"), ("QueryBreaker", "core/endpoints/query_breaker.h")]

MEMBER = re.compile(r"^    (static constexpr )?(std::chrono::milliseconds|std::size_t|std::uint32_t|double) (\w+)"
                    r"(?:\{(.*)\}| = (.*));(?: *// *(.*))?$", re.M)
UNITS = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")]


class Number(NamedTuple):
    owner: str
    name: str
    value: str
    meaning: str


def in_words(milliseconds):
    size, unit = next((size, unit) for size, unit in UNITS if milliseconds % size == 0)
    return f"{milliseconds // size} {unit}"


def evaluate(expression, text):
    """The value of an initialiser: literals, products, shifts, and constants of the same header."""
    hours = re.fullmatch(r"std::chrono::hours\((.*)\)", expression)
    plain = re.sub(r"std::size_t\{(\d+)\}", r"\1", hours[1] if hours else expression)
    plain = re.sub(r"(?<=\d)[uU](?:LL)?\b", "", plain.replace("'", ""))
    if re.fullmatch(r"[a-z_]+", plain):
        constant = re.search(rf"constexpr [\w:]+ {plain}\{{(.*?)\}};", text)
        return evaluate(constant[1], text)
    if not re.fullmatch(r"[\d\s.*/<()+-]+", plain):
        raise ValueError(f"scheduler_numbers: cannot read the value '{expression}'")
    value = eval(plain, {"__builtins__": {}})
    return value * 3_600_000 if hours else value


def shown(kind, value):
    if kind.endswith("milliseconds"):
        return in_words(value)
    if kind == "double":
        return f"{value:.3g}"
    return f"{value >> 20} MiB" if value >= 1 << 20 else f"{value:,}"


def body_of(owner, text):
    begin = re.search(rf"^(?:struct|class) {owner} \{{$", text, re.M)
    if not begin:
        raise ValueError(f"scheduler_numbers: the header has no '{owner}'; correct SOURCES in this script")
    return text[begin.end():text.index("\n};", begin.end())]


def numbers(root=ROOT):
    """Without those of the YAML: they are in docs/configuration.md."""
    tables = (root / TABLES).read_text()
    for owner, path in SOURCES:
        text = (root / path).read_text()
        for constant, kind, name, braced, assigned, comment in MEMBER.findall(body_of(owner, text)):
            if (constant or owner.endswith("Settings")) and f"&{owner}::{name}," not in tables:
                yield Number(owner, name, shown(kind, evaluate(braced or assigned, text)), comment)


def table(root=ROOT):
    rows = "".join(f"| `{n.owner}::{n.name}` | {n.value} | {n.meaning} |\n" for n in numbers(root))
    return "| name | value | meaning |\n|---|---|---|\n" + rows
