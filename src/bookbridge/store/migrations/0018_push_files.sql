-- Files to be attached, in pieces: neither accepting nor sending one holds it whole in memory.
create table push_file_chunks (
    company_id    uuid not null,
    operation_id  uuid not null,
    place         integer not null,
    content       bytea not null,
    primary key (company_id, operation_id, place),
    foreign key (company_id, operation_id) references push_operations (company_id, id) on delete cascade
);
-- Already compressed as a rule: compressing again costs time and saves nothing.
alter table push_file_chunks alter column content set storage external;

alter table push_operations add column file_size_bytes bigint;
update push_operations set file_size_bytes = length(file_content) where file_content is not null;
insert into push_file_chunks select company_id, id, 0, file_content from push_operations where file_content is not null;
alter table push_operations drop column file_content;
