# SPDX-License-Identifier: Apache-2.0
"""The plot of the worlds' benchmark: a line for each row that is compared with another, a mark for what was
measured and a stroke for its budget, on a logarithmic scale."""

import math

from plot import text

LEFT, WIDTH, ROW, TOP = 330, 520, 24, 56
LOW, HIGH = 0.25, 4.0
MET, MISSED = "#0a7d4f", "#c0392b"


def x_of(value):
    value = min(max(value, LOW), HIGH)
    return LEFT + WIDTH * math.log(value / LOW) / math.log(HIGH / LOW)


def line(x, top, bottom, colour, width):
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def scale(bottom):
    parts = []
    for value in (0.25, 0.5, 1, 2, 4):
        parts += [line(x_of(value), TOP - 6, bottom, "#888", 1.6 if value == 1 else 0.5),
                  text(x_of(value), TOP - 10, f"{value:g}×", "middle")]
    return parts


def row(y, name, ratio, base, budget):
    colour = MISSED if budget and ratio > budget * 1.005 else MET
    parts = [text(LEFT - 8, y, name, "end"), text(LEFT - 8, y + 9, "to " + base, "end", 'font-size="8" fill="#777"'),
             f'<circle cx="{x_of(ratio):.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>',
             text(LEFT + WIDTH + 10, y + 4, f"{ratio:.2f}×")]
    return parts + ([line(x_of(budget), y - 8, y + 8, "#000", 2)] if budget else [])


def svg(about, rows):
    bottom = TOP + ROW * len(rows)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{bottom + 16}" '
             'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>',
             text(LEFT, 16, f"worlds: time relative to what is named (stroke: budget), {about['date']}, "
                  f"Linux {about['kernel']}", "middle", 'font-size="12"')]
    parts += scale(bottom)
    for n, (name, ratio, (base, budget)) in enumerate(rows):
        parts += row(TOP + ROW * n + ROW / 2, name, ratio, base, budget)
    return "\n".join(parts + ["</svg>"]) + "\n"
