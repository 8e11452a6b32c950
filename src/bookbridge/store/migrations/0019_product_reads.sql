-- Reads that a product was refreshed with: one row for each batch, until all batches of the refresh have ended.
create table product_reads (
    company_id      uuid not null,
    refresh_id      uuid not null,
    batch_id        uuid not null,              -- as in datasets
    connection_id   uuid not null,
    product         text not null,
    primary key (company_id, refresh_id, batch_id),
    -- What was read over a connection that is gone is waited for no longer.
    foreign key (company_id, connection_id) references connections (company_id, id) on delete cascade
);
create index product_reads_batch on product_reads (company_id, batch_id);
