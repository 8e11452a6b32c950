-- What applications want of a platform beyond the data types: lists of their own, and more fields in records.
create table custom_data_types (
    integration_key text not null,
    id              text not null,              -- chosen by the application; never changes
    configuration   text not null,              -- JSON, as it was given
    primary key (integration_key, id)
);

create table supplemental_data (
    integration_key text not null,
    data_type       text not null,
    configuration   text not null,              -- JSON, as it was given
    primary key (integration_key, data_type)
);
