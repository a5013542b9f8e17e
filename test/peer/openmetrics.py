#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""openmetrics.py - whether a text is OpenMetrics 1.0, told strictly.

usage: openmetrics.py EXPOSITION [ALERTS]

What the exposition format demands of the types that the daemon uses:
descriptors before samples and each once, families in one piece, suffixes by
type, labels escaped and not twice, no series twice, counters not below zero,
one # EOF at the end. With ALERTS, a file of rules for Prometheus, each metric
that a rule names must be there. Exit status 0 if it holds, else 1 with why.
"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
VALUE = r'"((?:[^"\\\n]|\\["\\n])*)"'
LABEL = rf"([a-zA-Z_][a-zA-Z0-9_]*)={VALUE}"
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)")
SUFFIX = {"counter": "_total", "gauge": "", "info": "_info"}
SERIES_MAX = 1000


def check(text):
    """The names of all samples; ValueError says what is wrong where."""
    if not text.endswith("# EOF\n"):
        raise ValueError("it does not end in # EOF")
    families, series, names = {}, set(), set()
    current = None
    for number, line in enumerate(text[:-len("# EOF\n")].splitlines(), 1):
        def wrong(why):
            raise ValueError(f"line {number}: {why}: {line}")
        found = re.fullmatch(rf"# (TYPE|UNIT|HELP) ({NAME}) (.+)", line)
        if found:
            what, name, rest = found.groups()
            if name != current and name in families:
                wrong("a family in two pieces")
            family = families.setdefault(name, {"samples": 0})
            if what in family:
                wrong("said twice")
            if family["samples"]:
                wrong("a descriptor behind samples")
            if what == "TYPE" and rest not in SUFFIX:
                wrong("no type that the daemon uses")
            if what == "UNIT" and not name.endswith("_" + rest):
                wrong("the name does not end in its unit")
            family[what] = rest
            current = name
            names.add(name + SUFFIX.get(family.get("TYPE", ""), ""))
            continue
        found = SAMPLE.fullmatch(line)
        if not found:
            wrong("neither a descriptor nor a sample")
        if current is None or "TYPE" not in families[current]:
            wrong("a sample without a type")
        family = families[current]
        if "HELP" not in family:
            wrong("a family without help")
        if found[1] != current + SUFFIX[family["TYPE"]]:
            wrong(f"not a sample of the {family['TYPE']} {current}")
        labels = re.findall(LABEL, found[2] or "")
        if len({key for key, _ in labels}) != len(labels):
            wrong("a label twice")
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", found[found.re.groups]):
            wrong("no number")
        if family["TYPE"] == "counter" and line.rpartition(" ")[2][0] == "-":
            wrong("a counter below zero")
        if family["TYPE"] == "info" and line.rpartition(" ")[2] != "1":
            wrong("an info that is not 1")
        key = (found[1], frozenset(labels))
        if key in series:
            wrong("a series twice")
        series.add(key)
        family["samples"] += 1
    if len(series) > SERIES_MAX:
        raise ValueError(f"{len(series)} series")
    return names


def check_alerts(text, names):
    """Every metric of ours that an expression names."""
    used = set(re.findall(r"connector_milter_\w+", text))
    if not used:
        raise ValueError("the rules name no metric")
    if used - names:
        raise ValueError(f"no such metric: {sorted(used - names)}")


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        text = file.read()
    try:
        names = check(text)
        for path in sys.argv[2:]:
            import yaml
            with open(path, encoding="utf-8") as file:
                rules = yaml.safe_load(file)
            for group in rules["groups"]:
                for rule in group["rules"]:
                    check_alerts(rule["expr"], names)
    except ValueError as why:
        print(f"{sys.argv[1]}: {why}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
