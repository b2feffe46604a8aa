#!/usr/bin/env python3
"""Sums up the test reports under */target: totals, what was skipped, the ten slowest classes.

  slowest.py [--since 2026-01-31T12:00:00Z]   what `mvn verify` just ran
  slowest.py --compare                        both runs of .ci/run, the second without ITs; fails when another class ran
                                              in the first only, or none ran
"""
import argparse
import calendar
import glob
import os
import sys
import time
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIRST, INTEGRATION = "surefire-reports", "failsafe-reports"
NEWER = "surefire-reports-newer"


def suites(folder, since=0.0):
    """The reports of one folder of each module: class -> (seconds, tests, broken, skipped names, Java version)."""
    found = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "*", "target", folder, "TEST-*.xml"))):
        if os.path.getmtime(path) < since:
            continue
        suite = ElementTree.parse(path).getroot()
        java = [p.get("value") for p in suite.iter("property") if p.get("name") == "java.version"]
        skipped = [c.get("classname") + "." + c.get("name") for c in suite.iter("testcase") if c.find("skipped") is not None]
        # The attributes leave out the re-tried and the nested; the cases themselves do not.
        tests = sum(1 for _ in suite.iter("testcase"))
        broken = sum(1 for c in suite.iter("testcase") if c.find("failure") is not None or c.find("error") is not None)
        module = os.path.relpath(path, ROOT).split(os.sep)[0]
        found[module + " " + suite.get("name")] = (
            float(suite.get("time").replace(",", "")), tests, broken, skipped, java[0] if java else "?")
    return found


def line(title, found):
    skipped = [name for suite in found.values() for name in suite[3]]
    javas = sorted({suite[4] for suite in found.values()})
    print("%-18s JDK %-10s %6d tests, %d classes, %d failed, %d skipped, %.1f s" % (
        title, "/".join(javas) or "-", sum(s[1] for s in found.values()), len(found),
        sum(s[2] for s in found.values()), len(skipped), sum(s[0] for s in found.values())))
    for name in skipped:
        print("  skipped: " + name)
    return sum(s[1] for s in found.values())


def slowest(found):
    print("slowest test classes:")
    for name, suite in sorted(found.items(), key=lambda item: -item[1][0])[:10]:
        print("  %8.2f s  %5d tests  %s" % (suite[0], suite[1], name))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--since")
    parser.add_argument("--compare", action="store_true")
    options = parser.parse_args()
    since = calendar.timegm(time.strptime(options.since, "%Y-%m-%dT%H:%M:%SZ")) if options.since else 0.0

    first, integration = suites(FIRST, since), suites(INTEGRATION, since)
    total = line("unit", first)
    line("integration (IT)", integration)
    if not options.compare:
        slowest({**first, **integration})
        return 0
    newer = suites(NEWER)
    again = line("unit, again", newer)
    slowest({**first, **integration})
    lost = sorted(set(first) - set(newer))
    for name in lost:
        print("not run on the newer JDK: " + name, file=sys.stderr)
    if total == 0 or again == 0:
        print("no test ran: that is a failure, not a success", file=sys.stderr)
    broken = sum(s[2] for found in (first, integration, newer) for s in found.values())
    return 1 if lost or total == 0 or again == 0 or broken else 0


sys.exit(main())
