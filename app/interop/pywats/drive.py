"""Drives a gowats server with the published Python client, domain by domain.

    drive.py URL TOKEN [DOMAIN...]

Each check prints a line; see checks.py. The exit status is 1 when one has failed.
"""
import logging
import sys

from pywats import pyWATS
from pywats.core.throttle import configure_throttling

import analytics_checks
import app_checks
import asset_checks
import inspection_checks
import process_checks
import product_checks
import production_checks
import report_checks
import rootcause_checks
import scim_checks
import software_checks
from checks import Checks

DOMAINS = {
    "app": app_checks.run,
    "analytics": analytics_checks.run,
    "asset": asset_checks.run,
    "inspection": inspection_checks.run,
    "process": process_checks.run,
    "product": product_checks.run,
    "production": production_checks.run,
    "report": report_checks.run,
    "rootcause": rootcause_checks.run,
    "scim": scim_checks.run,
    "software": software_checks.run,
}


def main(url, token, *wanted):
    logging.disable(logging.CRITICAL)
    configure_throttling(enabled=False)
    failed = 0
    for domain, run in DOMAINS.items():
        if wanted and domain not in wanted:
            continue
        c = Checks(domain)
        # No cache: reads want to see the writes before them.
        api = pyWATS(base_url=url, token=token, enable_cache=False)
        try:
            c.section("the domain", run, api, c)
        finally:
            api.close()
        failed += c.counts["FAIL"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
