"""A store of closed bars, of every state that each of them had, and of when that came to be known.

SQLite in a file, which several processes read while one writes, or PostgreSQL. From the bottom up:

    options errors      what config.yaml may say; what a database raises, in our words
    schema engines      the tables and their version; how connections are opened
    database            transactions of one process, its threads and its forked children
    naming packing      ids of series and sources; bars as rows of the tables and back
    changes             what of a batch is new, and since when it was known
    writing reading     all that is asked of a store
    source recorder     as the chain has it; who writes down what live sources bring
    parquet columns file_rows file_checks exporting importing restoring
                        Parquet files of a series, and states as another store had them
    fetching            from a source into a store, chunk by chunk
    opening commands    what is typed
"""
