"""dlt's REST source reading the same invoices into the same PostgreSQL, merged by primary key, nesting off.

Arguments: URL DSN PAGE_SIZE FOLDER (its working state, kept between runs). Prints one JSON line.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DLT_DATA_DIR"] = sys.argv[4]

import dlt
from dlt.sources.rest_api import rest_api_source


def main(url: str, dsn: str, page_size: int) -> None:
    """Run the pipeline once."""
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{url}/api.xro/2.0/",
                "paginator": {
                    "type": "page_number",
                    "base_page": 1,
                    "page_param": "page",
                    "total_path": "pagination.pageCount",
                },
            },
            "resources": [
                {
                    "name": "invoices",
                    "primary_key": "InvoiceID",
                    "write_disposition": "merge",
                    "max_table_nesting": 0,
                    "endpoint": {
                        "path": "Invoices",
                        "data_selector": "Invoices",
                        "params": {"pageSize": page_size},
                    },
                }
            ],
        }
    )
    # It insists on a host and a password; the socket's folder in the query wins over the host.
    credentials = dsn.replace("bookbridge@/", "bookbridge:none@localhost/", 1)
    destination = dlt.destinations.postgres(credentials)
    pipeline = dlt.pipeline(pipeline_name="bench", destination=destination, dataset_name="dlt_bench")
    started = time.perf_counter()
    pipeline.run(source)
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": time.perf_counter() - started, "peak_bytes": peak_bytes}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
