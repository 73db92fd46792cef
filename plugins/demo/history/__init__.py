"""Months of what went on at the two offices, made by the steps that people take, dated by the demonstration's clock."""

from plugins.demo.history.course import History
from plugins.demo.history.disk import unhurried

__all__ = ["History", "unhurried"]
