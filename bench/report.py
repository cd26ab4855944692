# SPDX-License-Identifier: Apache-2.0
"""The Markdown report."""

import math

import workloads

NOT_MEASURED = "–"


def is_workload(name):
    return any(name == w.name or name.startswith(w.name + " ") for w in workloads.WORKLOADS)


def budget_of(name):
    for w in workloads.WORKLOADS:
        if name == w.name or name.startswith(w.name + " "):
            return w.budget
    return workloads.ROW_BUDGETS.get(name, workloads.ANY_ROW_BUDGET)


def show_time(seconds):
    if seconds is None:
        return NOT_MEASURED
    for unit, scale in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def ratio(results, name, way):
    """Time in this way over native time, or None."""
    mine, base = results.median(name, way), results.median(name, "native")
    return mine / base if mine and base else None


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def row_line(results, usable, name):
    cells = [name, show_time(results.median(name, "native"))]
    for way in usable[1:]:
        r = ratio(results, name, way)
        cells.append("failed" if way in results.failures.get(name, {}) else f"{r:.2f}×" if r else NOT_MEASURED)
    budget, mine = budget_of(name), ratio(results, name, "cell")
    verdict = "" if budget is None else f"{budget:g}×"
    if budget is not None and mine is not None:
        verdict += " ✓" if mine <= budget * 1.005 else " **missed**"
    return "| " + " | ".join(cells + [verdict]) + " |"


def table(results, usable, names, first):
    lines = [f"| {first} | native | " + " | ".join(usable[1:]) + " | budget |",
             "|---|---:|" + "---:|" * len(usable[1:]) + "---|"]
    return lines + [row_line(results, usable, name) for name in names]


def mean_line(results, usable, names):
    cells = ["**geometric mean**", ""]
    for way in usable[1:]:
        mean = geometric_mean([r for n in names if (r := ratio(results, n, way))])
        cells.append(f"**{mean:.2f}×**" if mean else NOT_MEASURED)
    return "| " + " | ".join(cells + [f"{workloads.TABLE_BUDGET}×"]) + " |"


def start_up_line(results):
    mine, theirs = (results.median("start-up: /bin/true", way) for way in ("cell", "bwrap"))
    if not mine or not theirs:
        return []
    return ["", f"`ringfence run /bin/true` takes {mine / theirs:.2f} times what `bwrap --unshare-all … /bin/true` takes "
            "(budget: 1)."]


def idle_lines(figures):
    if "native" not in figures:
        return []
    own = figures["native"][0]
    lines = ["", "## An idle cell", "", "`sleep`, eight at a time: all processes of one, beyond what `sleep` takes natively "
             f"({own} KiB, proportional set size), and the processor time that they used in three seconds.", "",
             "| way | memory beyond the program's own | processor time |", "|---|---:|---:|"]
    for way, (kib, used) in figures.items():
        if way != "native":
            lines.append(f"| {way} | {kib - own} KiB | {used:.2f} s |")
    return lines + ["", f"Budget for a cell: {workloads.IDLE_BUDGET_KIB} KiB and none."]


def markdown(about, usable, results, idle_figures):
    measured = list(results.samples)
    work, rows = [n for n in measured if is_workload(n)], [n for n in measured if not is_workload(n)]
    lines = [f"# Benchmark of {about['date']}", "",
             f"Host kernel {about['kernel']}, {about['processor']}, {about['cores']} cores, run as {about['user']}; "
             f"medians of {about['rounds']} interleaved rounds, everything pinned to one core. "
             "Figures other than native times are time relative to native: below 1 is faster than the host."]
    lines += [f"Not measured: {line}." for line in about["missing"]]
    if work:
        lines += ["", "## Workloads", ""] + table(results, usable, work, "workload") + start_up_line(results)
    if rows:
        lines += ["", "## System calls", ""] + table(results, usable, rows, "operation")
        lines += [mean_line(results, usable, rows)]
    failed = [f"- {name}, {way}: {why}" for name, by in results.failures.items() for way, why in by.items()]
    if failed:
        lines += ["", "## Failed", ""] + failed
    return "\n".join(lines + idle_lines(idle_figures)) + "\n"
