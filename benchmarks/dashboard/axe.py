"""What axe-core finds on a page: https://github.com/dequelabs/axe-core, under the Mozilla Public License 2.0.

Its file comes with the package axe-playwright-python, which only developers install; no part of it is copied here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

GRAVE = ("serious", "critical")
ASK = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    return found.violations.flatMap(rule => rule.nodes.map(node => ({
        rule: rule.id, impact: node.impact || rule.impact, help: rule.help,
        target: node.target.flat(Infinity).join(" "), html: node.html.slice(0, 300),
        summary: (node.failureSummary || "").slice(0, 300)})));
}"""


@dataclass(frozen=True)
class Finding:
    """One element that breaks one rule.

    Args:
        impact: ``minor``, ``moderate``, ``serious`` or ``critical``.
        target: where it is, as a selector.
        html: the beginning of the element.
        summary: what would mend it.
    """

    rule: str
    impact: str
    help: str
    target: str
    html: str
    summary: str

    def __str__(self) -> str:
        return f"{self.impact}: {self.rule} ({self.help}) at {self.target}: {self.html} {self.summary}"


@dataclass(frozen=True)
class NotOurs:
    """A finding inside one of Streamlit's own widgets, which no page can change.

    Args:
        within: what the beginning of the element holds.
        why: what it is, and why it harms nobody or what stands in for it.
    """

    rule: str
    within: str
    why: str

    def covers(self, finding: Finding) -> bool:
        return finding.rule == self.rule and self.within in finding.html


NOT_OURS: tuple[NotOurs, ...] = ()


def findings(page: Any) -> list[Finding]:
    """Everything that axe finds on an open page of Playwright, but for what is known not to be ours."""
    page.evaluate(_program())
    found = [Finding(**one) for one in page.evaluate(ASK)]
    return [one for one in found if not any(known.covers(one) for known in NOT_OURS)]


def grave(page: Any) -> list[Finding]:
    """Those that are serious or critical."""
    return [one for one in findings(page) if one.impact in GRAVE]


def _program() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
