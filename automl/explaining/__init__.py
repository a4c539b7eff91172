"""What a network is made of, and what it makes of single rows."""

from __future__ import annotations

from automl.explaining.explanation import Request, explain
from automl.explaining.inspection import inspect

__all__ = ["Request", "explain", "inspect"]
