-- Datasets that were sent long ago are forgotten, oldest first.
create index expense_datasets_by_created on expense_datasets (created);
