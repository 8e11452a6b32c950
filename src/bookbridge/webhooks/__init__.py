"""Telling callers what happened: consumers, outbox, signing, delivery, replay.

Knows no accounting word beyond the names of the events, and never decides that something happened: the rooms
above call `outbox.emit` inside the transaction in which it did.
"""
