"""`python -m bookbridge` is the command line."""

from bookbridge.cli import main

main()
