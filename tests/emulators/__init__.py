"""Tests of the vendor emulators."""
