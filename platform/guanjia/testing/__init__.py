"""For tests and the demonstration: time that moves from timer to timer, what a refused step tells, and a company to try.

A plugin's own tests load the fixtures of `guanjia.testing.fixtures` (`-p guanjia.testing.fixtures` in pytest's `addopts`).
"""

from guanjia.testing.browser import Browser, Program, words_of
from guanjia.testing.company import Company, Person, open_company
from guanjia.testing.messages import lacking_words
from guanjia.testing.moving import pass_time, refusal, run_timers, waiting
from guanjia.testing.tables import outside_the_walls, unwritten_changes, without_prefix

__all__ = [
    "Browser", "Company", "Person", "Program", "lacking_words", "open_company", "outside_the_walls", "pass_time", "refusal", "run_timers",
    "unwritten_changes", "waiting", "without_prefix", "words_of",
]  # fmt: skip
