"""Tests of the Xero emulator, over real HTTP and with unchanged third-party clients."""
