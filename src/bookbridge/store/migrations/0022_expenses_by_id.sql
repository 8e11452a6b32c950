-- All that was ever sent under one id: changes are handed over in the order in which they were sent.
create index expense_transactions_by_id on expense_transactions (company_id, transaction_id);
