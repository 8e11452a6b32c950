"""Doing it surely: durable doorbells, the worker that answers them, schedules and vendor call budgets.

Knows no accounting word: a task is a name, a key is a string, and the work itself lies in other rooms'
tables.

A worker's process calls `install` once, then runs a `Worker`; everybody else only calls `ring`.
"""

from __future__ import annotations

from bookbridge.jobs.budgets import BudgetExhausted, CallBudget, CallLimit
from bookbridge.jobs.doorbells import ring, ringing
from bookbridge.jobs.engine import install
from bookbridge.jobs.runs import Handler
from bookbridge.jobs.schedules import Schedule
from bookbridge.jobs.worker import Worker

__all__ = [
    "BudgetExhausted",
    "CallBudget",
    "CallLimit",
    "Handler",
    "Schedule",
    "Worker",
    "install",
    "ring",
    "ringing",
]
