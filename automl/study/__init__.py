"""The study: what a search tries next, what it stops early, and what it trains again."""

from automl.study.plan import Answer, Assignment, Budget, Decision, Kind, Objective, Plan, Result
from automl.study.progress import Progress
from automl.study.study import Study
from automl.study.work import Trial

__all__ = [
    "Answer",
    "Assignment",
    "Budget",
    "Decision",
    "Kind",
    "Objective",
    "Plan",
    "Progress",
    "Result",
    "Study",
    "Trial",
]
