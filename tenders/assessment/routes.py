"""Gathers the pages of the assessment."""

from __future__ import annotations

from tenders.assessment import conclusion_routes, panel_routes, score_routes, steps
from tenders.assessment.blueprint import blueprint

__all__ = ["blueprint", "conclusion_routes", "panel_routes", "score_routes", "steps"]
