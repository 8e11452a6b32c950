-- Finds the reads that ended long ago, which are forgotten.
create index datasets_by_completed on datasets (completed) where completed is not null;
