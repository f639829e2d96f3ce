"""Large batches for the service, as fast as it answers: `python -m tests.bench.flood PORT PERSONS`.

In a process of its own, so that the requests beside it are sent when they are due.
"""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from random import Random
from typing import Final

import orjson

AT_ONCE: Final = 4
REQUESTS: Final = 1_000
CANDIDATES: Final = 50
PRODUCTS: Final = 50_000


@contextmanager
def flood(port: int, persons: int) -> Iterator[None]:
    """Large batches come while the block runs."""
    command = [sys.executable, "-m", "tests.bench.flood", str(port), str(persons)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"answered\n"
        try:
            yield
        finally:
            process.terminate()


def a_batch(persons: int) -> bytes:
    """As many requests as may be in one, and all the candidates that they may have together."""
    random = Random(13)
    requests = [
        {
            "request_id": f"{number}",
            "user_id": f"person-{random.randrange(persons)}",
            "candidates": [
                {"product_id": f"product-{random.randrange(PRODUCTS)}"} for _ in range(CANDIDATES)
            ],
        }
        for number in range(REQUESTS)
    ]
    return orjson.dumps(requests)


def send(port: int, body: bytes) -> None:
    """Send it again and again, and say so when it was answered first."""
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        is_first = True
        while True:
            connection.request("POST", "/v1/decide", body)
            with connection.getresponse() as response:
                response.read()
                assert response.status == 200, response.status
            if is_first:
                print("answered", flush=True)
                is_first = False


if __name__ == "__main__":
    port, batch = int(sys.argv[1]), a_batch(int(sys.argv[2]))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for sending in [pool.submit(send, port, batch) for _ in range(AT_ONCE)]:
            sending.result()
