"""Requests that the client has no call for, or cannot send. They tell another User-Agent, so that they do not count as calls of the client."""
import httpx

TIMEOUT = 30  # seconds


def call(api, method, path, **body):
    """Sends one request and returns the answer; a refusal is an exception. Body: json=, content=, files=, params= as httpx takes them."""
    headers = {"Authorization": "Basic " + api._token, "Referer": api.base_url, "User-Agent": "interop-raw", **body.pop("headers", {})}
    answer = httpx.request(method, api.base_url + path, headers=headers, timeout=TIMEOUT, **body)
    answer.raise_for_status()
    return answer
