"""One WebSocket connection: DNS, TCP, TLS and upgrade under one deadline, then frames in and out.

Whatever goes wrong is one error, ConnectionLost. websocket-client is used through its low-level class, on a socket
opened here; never through `run_forever`. What is worked around, see docs/websocket-client-quirks.md: no connect
deadline (W6, W19, W20), redirects followed with their headers (W15), shared cookies (W16), proxies from the environment
(W17), exceptions that hold bodies (W21), no size limit (W14), the slow UTF-8 check (W23), TLS options ignored beside a
context (W30).
"""
