"""Submits reports to a gateway whose server is away.

    outage.py URL TOKEN COUNT

Prints the ID of each report that was acknowledged.
"""
import logging
import sys

from pywats import pyWATS
from pywats.core.throttle import configure_throttling

from report_checks import new_report


def main(url, token, count):
    logging.disable(logging.CRITICAL)
    configure_throttling(enabled=False)
    api = pyWATS(base_url=url, token=token, enable_cache=False)
    try:
        for n in range(int(count)):
            report = new_report(api, f"OUTAGE-{n}")
            report.result = "P"
            report.get_root_sequence_call().add_numeric_step(name="voltage", value=3.3, unit="V", status="P")
            print(api.report.submit_report(report), flush=True)
    finally:
        api.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
