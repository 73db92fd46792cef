"""Flows and their steps: the only way anything changes, with approvals, deadlines, journal, numbers and outbox."""
