-- After every read its list is counted, to compare with the vendor's own total. Without this index that walks the bodies:
-- over a gigabyte for a million records, after an hourly read that brought a handful. Its entries are alike, so it is
-- small: some ten bytes a record. Look-ups of single records never say `not is_absent`, so it is never taken for one of them.
create index records_present on records (company_id, data_type, connection_id, source) where not is_absent;
