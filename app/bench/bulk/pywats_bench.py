"""Does one task with the Python client and prints what bulk expects: {"items": …, "seconds": …}.

    pywats_bench.py prebuilt|build|headers COUNT CONCURRENCY URL

Throttling and cache are off, and it logs nothing: what is measured is the client.
"""
import asyncio
import json
import logging
import sys
import time
import uuid

from pywats import AsyncWATS
from pywats.shared.enums import CompOp

PAGE = 1000


def build(api, n):
    """One passed test of 31 steps."""
    report = api.report.create_uut_report(
        operator="kari", part_number="PCBA-1042", revision="B", serial_number=f"SN-{n}", operation_type=31,
        station_name="ICT-07", location="Oslo", purpose="Production",
    )
    root = report.get_root_sequence_call()
    for i in range(30):
        root.add_numeric_step(
            name=f"Measure voltage {i}", value=3.3017 + i / 1000, unit="V", comp_op=CompOp.GELE,
            low_limit=3.135, high_limit=3.465, status="P",
        )
    return report


async def submit(api, count, concurrency, nth):
    numbers = iter(range(count))

    async def work():
        done = 0
        for n in numbers:
            if not await api.report.submit_report(nth(n)):
                raise RuntimeError("a report was not acknowledged")
            done += 1
        return done

    return sum(await asyncio.gather(*(work() for _ in range(concurrency))))


async def headers(api, count):
    done = 0
    while done < count:
        done += len(await api.report.query_headers(top=min(PAGE, count - done), skip=done))
    return done


async def main(task, count, concurrency, url):
    api = AsyncWATS(base_url=url, token="dXNlcjpwYXNzd29yZA==", enable_throttling=False, enable_cache=False)
    async with api:
        made = [build(api, n) for n in range(100)]

        def prebuilt(n):
            report = made[n % len(made)]
            report.id = uuid.uuid4()
            return report

        began = time.perf_counter()
        if task == "headers":
            done = await headers(api, count)
        else:
            done = await submit(api, count, concurrency, prebuilt if task == "prebuilt" else lambda n: build(api, n))
        print(json.dumps({"items": done, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
