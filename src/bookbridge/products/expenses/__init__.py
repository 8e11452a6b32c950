"""Expenses: card transactions, transfers, adjustments and reimbursements on their way into a company's books.

    accept ──▶ expense_transactions ──▶ run (one job per sync): each becomes an accounting record ──▶ push
                                             push tells the end of each write ──▶ the transaction, the sync, the event

A transaction's id is the application's; what is written or on its way is never written again under it. What a ledger
makes of an expense is said by the rules in its manifest: nothing here names a vendor.
"""
