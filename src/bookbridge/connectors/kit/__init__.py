"""What every connector is made of: manifest rows, session contract, errors, HTTP, paging.

The kit knows no vendor and no storage. A new vendor must fit without a change here; decision
record 0002 shows on paper how the unlike ones do.
"""
