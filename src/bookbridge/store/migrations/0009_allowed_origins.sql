-- Web origins (scheme, host and port) whose pages may use a company's access token.
alter table client add column allowed_origins text[] not null default '{}';
