"""Apache Arrow, which reads and writes Parquet; only an extra brings it."""

from typing import Any

from streams.errors import UserError


def arrow() -> Any:
    """The library with its modules for Parquet and JSON. Raises `UserError` where there is none."""
    try:
        import pyarrow  # noqa: PLC0415 -- only an extra brings it, and it takes a while
        import pyarrow.json  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise UserError(
            "What reads and writes Parquet is not installed. Install it with: "
            "pip install 'unhaunt[parquet]'"
        ) from error
    return pyarrow
