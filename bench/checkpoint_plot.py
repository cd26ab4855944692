# SPDX-License-Identifier: Apache-2.0
"""The plots of the checkpoints' benchmark: a cut's pause against memory size, and against the share written."""

import math

from plot import text

WIDTH, HEIGHT, LEFT, TOP = 380, 260, 60, 50
COLOUR, BUDGET = "#0a7d4f", "#c0392b"
LOW, HIGH = 0.03, 300.0  # ms


def y_of(value):
    value = min(max(value, LOW), HIGH)
    return TOP + HEIGHT * (1 - math.log(value / LOW) / math.log(HIGH / LOW))


def panel(left, title, points, budget):
    """points: (label, ms), in order, at equal distances. budget: (label, ms)."""
    parts = [text(left + WIDTH / 2, TOP - 14, title, "middle", 'font-size="12"')]
    for value in (0.1, 1, 10, 100):
        parts += [f'<line x1="{left}" x2="{left + WIDTH}" y1="{y_of(value):.1f}" y2="{y_of(value):.1f}" stroke="#ccc"/>',
                  text(left - 6, y_of(value) + 4, f"{value:g} ms", "end")]
    places = [left + WIDTH * (n + 0.5) / len(points) for n in range(len(points))]
    path = " ".join(f"{x:.1f},{y_of(value):.1f}" for x, (_, value) in zip(places, points))
    parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOUR}" stroke-width="2"/>')
    for x, (label, value) in zip(places, points):
        parts += [f'<circle cx="{x:.1f}" cy="{y_of(value):.1f}" r="4" fill="{COLOUR}"/>',
                  text(x, y_of(value) - 9, f"{value:.2g}", "middle"),
                  text(x, TOP + HEIGHT + 16, label, "middle")]
        if label == budget[0]:
            y = y_of(budget[1])
            parts.append(f'<line x1="{x - 16:.1f}" x2="{x + 16:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{BUDGET}" stroke-width="2"/>')
    return parts


def svg(about, by_memory, by_share):
    right = 2 * LEFT + WIDTH + LEFT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{right + WIDTH + 20}" height="{TOP + HEIGHT + 34}" '
             'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>',
             text(20, 16, f"pause of a cut (stroke: budget), {about['date']}, Linux {about['kernel']}", "start", 'font-size="12"')]
    parts += panel(LEFT + 20, "against memory, 1 % of it written", by_memory, ("1024 MiB", 3.0))
    parts += panel(right, "against share written, of 1024 MiB", by_share, ("1 %", 3.0))
    return "\n".join(parts + ["</svg>"]) + "\n"
