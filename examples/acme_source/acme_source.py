"""A whole plugin: bars from Acme's HTTP API, which answers in JSON.

`GET <url>/bars?symbol=BTCUSDT&timeframe=1h&from=…&to=…&limit=…`, with the token in the header Authorization, has the
answer `{"bars": [[open_time, open, high, low, close, volume], …]}`: closed bars that open between these times (ms, both
may be met), the newest `limit` of them unless that is 0, oldest first. Status 404: Acme has no such series.
"""

import json
import time
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode

import pydantic

from wealthsources import Bars, HistoryRequest, NotHere, Register, Source, SourceError, hookimpl

NAMES = ("open_time", "open", "high", "low", "close", "volume")
LONGEST = 30.0  # seconds for a server to answer, where nobody says how long is waited
REMEDIES = {401: "check the option token", 403: "check what the token allows", 429: "ask for less, or less often"}


class Options(pydantic.BaseModel, extra="forbid", frozen=True, hide_input_in_errors=True):
    """What stands under `options:` in config.yaml. A SecretStr is shown nowhere."""

    url: pydantic.HttpUrl
    token: pydantic.SecretStr = pydantic.SecretStr("")

    @pydantic.model_validator(mode="after")
    def _keep_the_token_secret(self) -> "Options":
        token = self.token.get_secret_value()
        if not (token.isascii() and token.isprintable()):
            raise ValueError("the token has characters that no header takes, such as the end of a line; take them out")
        if token and self.url.scheme == "http" and self.url.host not in ("127.0.0.1", "[::1]"):
            raise ValueError("the token would be sent in the clear; give an address with TLS")
        if self.url.username or self.url.password or self.url.query:
            raise ValueError("errors show the url; take out of it what is before `@` or behind `?`, and give a token")
        return self


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: whoever the server points to gets no token."""


class AcmeSource(Source):
    """What Acme has. It keeps no connection, so there is nothing to start or to stop."""

    def __init__(self, options: Options) -> None:
        self._url = str(options.url).rstrip("/")
        self._headers = {"Authorization": f"Bearer {options.token.get_secret_value()}"}
        self._opener = urllib.request.build_opener(NoRedirect)  # which checks certificates, and knows of proxies

    def get_history(self, request: HistoryRequest) -> Bars:
        """The newest `count` bars that end by `end`, or those from `start`."""
        try:
            rows = json.loads(self._get(request), parse_float=str, parse_int=str)["bars"]  # as text, no digit is lost
            records = [dict(zip(NAMES, row, strict=True)) for row in rows]
            bars = Bars.from_records(request.symbol, request.timeframe, records)
        except (ValueError, TypeError, KeyError) as error:
            raise SourceError(f"{self._url} sent what are no bars: {error}; is it Acme's API?") from error
        if not len(bars):
            raise NotHere(f"Acme has no {request.symbol} {request.timeframe} in that span")
        return bars

    def _get(self, request: HistoryRequest) -> bytes:
        last = request.timeframe.open_time(request.timeframe.slot(request.end) - 1)  # of the last window that is over
        query = {"symbol": request.symbol, "timeframe": request.timeframe, "to": last}
        query |= {"from": request.start or 0, "limit": request.count or 0}
        asked = urllib.request.Request(f"{self._url}/bars?{urlencode(query)}", headers=self._headers)
        left = LONGEST if request.deadline is None else min(LONGEST, request.deadline - time.monotonic())
        if left <= 0:
            raise SourceError("no time was left to ask Acme; raise source_deadline")
        try:
            with self._opener.open(asked, timeout=left) as response:
                return bytes(response.read())
        except HTTPError as error:
            error.close()
            if error.code == 404:
                raise NotHere("Acme has no such series") from None
            text = f"{self._url} answered {error.code}; {REMEDIES.get(error.code, 'ask those who run it')}"
            rest = error.headers.get("Retry-After", "")
            raise SourceError(text, retry_after=float(rest) if rest.isdecimal() else 0.0) from None
        except (OSError, HTTPException) as error:
            raise SourceError(f"{self._url} does not answer: {error}; check the option url, and the network") from error


@hookimpl
def wealthsources_register(register: Register) -> None:
    """Register the source under the name of its entry point."""
    register("acme", AcmeSource, Options, contract=1)
