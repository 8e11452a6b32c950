"""Other tools that read a list over HTTP into PostgreSQL, each set up as its documentation has it, to run beside ours.

They live in an environment of their own (`make bench` builds it from `requirements.txt`), so nothing here may import
Bookbridge. Each is a program: URL DSN PAGE_SIZE FOLDER, and `changes` if it shall ask only for what changed since its
last run; FOLDER is its own to keep state in. Each prints one line of JSON: `seconds` without imports, `peak_bytes`.
"""
