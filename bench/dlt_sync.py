"""dlt's REST source reading the same invoices into the same PostgreSQL, nesting off (its fastest way), merged by
primary key. Arguments: URL DSN PAGE_SIZE."""

from __future__ import annotations

import os
import sys
import tempfile

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DLT_DATA_DIR"] = tempfile.mkdtemp(prefix="bench-dlt-")

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
    pipeline = dlt.pipeline(
        pipeline_name="bench", destination=dlt.destinations.postgres(dsn), dataset_name="dlt_bench"
    )
    pipeline.run(source)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
