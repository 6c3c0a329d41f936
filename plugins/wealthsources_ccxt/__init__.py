"""History of exchanges over REST, through the library ccxt: a source behind a live one.

What ccxt answers is not believed as it comes: rows are asked for page by page and verified (`page`, `stretch`), since
neither a limit that was cut nor a page of HTML is told by it. From the bottom up:

    exchanges             classes like ccxt's, of what ccxt does not have: stocks
    facts redact          what is known of each exchange; how secrets stay out of texts
    options errors        what config.yaml may say; what ccxt raises, in our words
    sockets connection    the connections that a stop cuts; one ccxt object and its lock
    names loading         which market a symbol means; how the markets come to be known
    page stretch paging   one verified page; pages that belong together; asking for them one by one
    shelf polling         stretches that are kept; a live source that asks after each bar's end
    source plugin main    the source, its registration, and `wealthsources markets`
"""
