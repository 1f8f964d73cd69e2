"""The report of a run: one offline HTML file, the verdict first, the data behind it after.

`build_report` reads the files of a run folder and writes `report.html` beside them. The work is in
three layers: `view*` turns figures into words and plots (as plain data), `plots` describes a plot,
`charts` draws it as inline SVG. The templates only place what they are given.
"""

from __future__ import annotations

from tunesmith.report.build import build_report

__all__ = ["build_report"]
