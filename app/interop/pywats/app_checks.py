"""The server itself: version, levels, product groups, connection."""
from pywats import pyWATS
from pywats.core.exceptions import AuthenticationError


def run(api, c):
    version = api.analytics.get_version()
    c.true("version is told", isinstance(version, str) and version != "")
    c.same("connection is there", api.test_connection(), True)
    c.same("base URL with /api at its end is the same server",
           with_url(api, api.base_url + "/api/").analytics.get_version(), version)
    stranger = pyWATS(base_url=api.base_url, token="bm9ib2R5Om5vdGhpbmc=", enable_cache=False)
    c.raises("wrong token is an authentication error", AuthenticationError, stranger.analytics.get_version)
    c.same("wrong token is no connection", stranger.test_connection(), False)
    stranger.close()


def with_url(api, url):
    return pyWATS(base_url=url, token=api._token, enable_cache=False)
