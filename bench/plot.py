# SPDX-License-Identifier: Apache-2.0
"""The plot: a line for each workload and operation, a mark for each way, time relative to native on a
logarithmic scale."""

import math
from html import escape

import report

COLOURS = {"cell": "#0a7d4f", "bwrap": "#c77700", "proot": "#8a8a8a"}
LEFT, WIDTH, ROW, TOP = 290, 620, 17, 64
LOW, HIGH = 0.03, 60.0


def x_of(value):
    value = min(max(value, LOW), HIGH)
    return LEFT + WIDTH * (math.log(value) - math.log(LOW)) / (math.log(HIGH) - math.log(LOW))


def text(x, y, what, anchor="start", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(what)}</text>'


def mark(way, x, y):
    colour = COLOURS[way]
    if way == "cell":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'
    return f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" fill="{colour}" opacity="0.75"/>'


def scale(bottom):
    parts = []
    for value in (0.03, 0.1, 0.3, 1, 3, 10, 30):
        x = x_of(value)
        width = 1.6 if value == 1 else 0.5
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}" stroke="#888" stroke-width="{width}"/>')
        parts.append(text(x, TOP - 10, f"{value:g}×", "middle"))
    return parts


def legend(ways):
    parts = []
    for n, way in enumerate(ways):
        parts.append(mark(way, LEFT + 10 + n * 90, 32))
        parts.append(text(LEFT + 20 + n * 90, 36, way))
    return parts


def svg(usable, results, about):
    names = list(results.samples)
    ways = [w for w in usable if w != "native"]
    bottom = TOP + ROW * len(names)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 20}" height="{bottom + 16}" '
             'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>',
             text(LEFT, 16, f"time relative to native (left of 1: faster than the host), {about['date']}, "
                  f"Linux {about['kernel']}", more='font-size="12"')]
    parts += legend(ways) + scale(bottom)
    for n, name in enumerate(names):
        y = TOP + ROW * n + ROW / 2
        parts.append(text(LEFT - 8, y + 4, name, "end"))
        for way in reversed(ways):
            ratio = report.ratio(results, name, way)
            if ratio:
                parts.append(mark(way, x_of(ratio), y))
    return "\n".join(parts + ["</svg>"]) + "\n"
