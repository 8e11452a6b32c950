"""The real worker, as `bookbridge up --role worker` runs it, over the invoice server. Arguments: URL DSN DATA_DIR."""

from __future__ import annotations

import sys
from pathlib import Path

import structlog
import uvloop

from bench.bookbridge_sync import settings_for
from bookbridge import app

PAGE_SIZE = 1_000

if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    url, dsn, data_dir = sys.argv[1:]
    uvloop.run(app.run_worker(settings_for(url, PAGE_SIZE, Path(data_dir)), dsn))
