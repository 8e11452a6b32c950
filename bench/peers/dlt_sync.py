"""dlt's REST source: pages by number, merged by primary key, nesting off (its faster way)."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DLT_DATA_DIR"] = sys.argv[4]

import dlt
from dlt.sources.rest_api import rest_api_source

from bench.peak import peak_bytes

CURSOR = {
    "headers": {"If-Modified-Since": "{incremental.start_value}"},
    "incremental": {
        "cursor_path": "UpdatedDateUTC",
        "initial_value": "/Date(1500000000000+0000)/",
        "convert": lambda written: time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(written[6:19]) // 1000)),
    },
}


def main(url: str, dsn: str, page_size: int, cursor: dict[str, Any]) -> None:
    """Run the pipeline once."""
    paginator = {"type": "page_number", "base_page": 1, "page_param": "page", "total_path": "pagination.pageCount"}
    endpoint = {"path": "Invoices", "data_selector": "Invoices", "params": {"pageSize": page_size}, **cursor}
    resource = {
        "name": "invoices",
        "primary_key": "InvoiceID",
        "write_disposition": "merge",
        "max_table_nesting": 0,
        "endpoint": endpoint,
    }
    source = rest_api_source(
        {"client": {"base_url": f"{url}/api.xro/2.0/", "paginator": paginator}, "resources": [resource]}
    )
    # It insists on a host and a password; the socket's folder in the query wins over the host.
    credentials = dsn.replace("bookbridge@/", "bookbridge:none@localhost/", 1)
    destination = dlt.destinations.postgres(credentials)
    pipeline = dlt.pipeline(pipeline_name="bench", destination=destination, dataset_name="dlt_bench")
    started = time.perf_counter()
    pipeline.run(source)
    print(json.dumps({"seconds": time.perf_counter() - started, "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), CURSOR if sys.argv[5:] == ["changes"] else {})
